// What the rest of training/ may use of classify/.
export { Classifier } from './classifier.js';
export type { Prediction } from './classifier.js';
export { readLabelledDataset } from './dataset.js';
export type { LabelledDataset } from './dataset.js';
export { evaluate, predictAll } from './evaluate.js';
export { readLabelled } from './labelled-data.js';
export type { LabelledRow } from './labelled-row.js';
export type { ClassificationReport, Scores } from './report.js';
export { withClassifier } from './stored.js';
export type { Classifying } from './stored.js';
export type { ClassifyTask } from './task.js';
