// What the rest of training/ may use of logs/.
export type { Curve, Point } from './curves.js';
export { plotRun } from './plot.js';
export type { PlotOptions, RunPlot } from './plot.js';
export { RunLogs } from './run-logs.js';
