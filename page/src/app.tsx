// The frame around every view: where one is, which brain, whether the server is there, language and theme, the key where one is
// asked for. Not here: the views.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { brains, events } from './api.js';
import { hasKey, needsKey, useKey as enterKey } from './http.js';
import { followEvents, tell } from './live.js';
import { linkTo, parseRoute, VIEWS, type Route } from './routes.js';
import { brainStore, chooseBrain, chooseTheme, connectionStore, themeStore, type Theme } from './state.js';
import { useResource, useStore } from './store.js';
import { LANGUAGES, languageStore, setLanguage, t, type Language } from './strings/index.js';
import { ChatView } from './views/chat/index.js';
import { DocumentsView } from './views/documents.js';
import { MemoriesView } from './views/memories.js';
import { ModelsView } from './views/models.js';
import { ServerView } from './views/server.js';
import { TeachView } from './views/teach/index.js';
import { TrainingView } from './views/training/index.js';

export function App(): VNode {
  const language = useStore(languageStore);
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const isLocked = useStore(needsKey);
  useEvents(isLocked);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${t(`nav.${route.view}`)} · engram`;
  }, [language, route.view]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t('nav.skip')}
      </a>
      <Header route={route} />
      <Connection />
      <main id="main" ref={main} tabIndex={-1} key={language}>
        {isLocked ? <AskKey /> : <ViewOf route={route} />}
      </main>
    </>
  );
}

function ViewOf({ route }: { route: Route }): VNode {
  switch (route.view) {
    case 'teach':
      return <TeachView />;
    case 'chat':
      return <ChatView />;
    case 'memories':
      return <MemoriesView route={route} />;
    case 'documents':
      return <DocumentsView />;
    case 'training':
      return <TrainingView route={route} />;
    case 'models':
      return <ModelsView />;
    case 'server':
      return <ServerView />;
  }
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = (): void => {
      setRoute(parseRoute(location.hash));
    };
    addEventListener('hashchange', follow);
    return () => {
      removeEventListener('hashchange', follow);
    };
  }, []);
  return route;
}

function useEvents(isLocked: boolean): void {
  useEffect(() => {
    if (isLocked) return;
    const control = new AbortController();
    void followEvents(events, control.signal, (state) => {
      connectionStore.set(state);
    });
    return () => {
      control.abort();
    };
  }, [isLocked]);
}

function Header({ route }: { route: Route }): VNode {
  return (
    <header class="bar">
      <a class="brand" href={linkTo('teach')}>
        engram
      </a>
      <nav aria-label={t('nav.title')}>
        {VIEWS.map((view) => (
          <a href={linkTo(view)} aria-current={view === route.view ? 'page' : undefined}>
            {t(`nav.${view}`)}
          </a>
        ))}
      </nav>
      <BrainChoice />
      <Choices />
    </header>
  );
}

function BrainChoice(): VNode {
  const brain = useStore(brainStore);
  const isLocked = useStore(needsKey);
  const list = useResource(
    (signal) => (isLocked ? Promise.resolve([]) : brains(signal)),
    [isLocked],
    (type) => /^(brain|memory)/.test(type),
  );
  const names = [...new Set([brain, ...(list.value ?? []).map(({ name }) => name)])];
  return (
    <label>
      <span class="spoken">{t('nav.brain')}</span>
      <select
        value={brain}
        onChange={(event) => {
          chooseBrain(event.currentTarget.value);
        }}
      >
        {names.map((name) => (
          <option value={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function Choices(): VNode {
  const language = useStore(languageStore);
  const theme = useStore(themeStore);
  return (
    <span class="row choices">
      <label>
        <span class="spoken">{t('nav.language')}</span>
        <select
          value={language}
          onChange={(event) => {
            setLanguage(event.currentTarget.value as Language);
          }}
        >
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option value={code}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        <span class="spoken">{t('nav.theme')}</span>
        <select
          value={theme}
          onChange={(event) => {
            chooseTheme(event.currentTarget.value as Theme);
          }}
        >
          {(['system', 'light', 'dark'] as const).map((one) => (
            <option value={one}>{t(`theme.${one}`)}</option>
          ))}
        </select>
      </label>
    </span>
  );
}

function Connection(): VNode {
  const state = useStore(connectionStore);
  return (
    <div class="connection" role="status">
      {state === 'lost' && <p>{t('nav.lost')}</p>}
    </div>
  );
}

function AskKey(): VNode {
  const [key, setKey] = useState('');
  return (
    <form
      class="stack narrow"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() === '') return;
        enterKey(key.trim());
        tell('reconnected');
      }}
    >
      <h1>{t('key.title')}</h1>
      <p>{t('key.about')}</p>
      {hasKey() && (
        <p class="fault" role="alert">
          {t('key.refused')}
        </p>
      )}
      <label>
        {t('key.key')}
        <input
          type="password"
          autocomplete="off"
          value={key}
          onInput={(event) => {
            setKey(event.currentTarget.value);
          }}
        />
      </label>
      <button type="submit" class="primary" disabled={key.trim() === ''}>
        {t('key.use')}
      </button>
    </form>
  );
}
