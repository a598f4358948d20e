// Where the page begins.
import { render } from 'preact';
import { App } from './app.js';
import { takeKey } from './http.js';
import { showTheme, themeStore } from './state.js';
import './style.css';

takeKey();
showTheme(themeStore.get());
render(<App />, document.getElementById('page')!);
