// What every system is given alike.

/** Neighbours asked for. */
export const K = 10;
export const M = 16;
export const EF_CONSTRUCTION = 200;

/** Breadths of the search that are tried, until the recall is past what is asked about. */
export const LADDER = [
  10, 12, 14, 16, 20, 22, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 512, 640, 768, 1024,
]; // prettier-ignore

/** Of the field that is filtered by: a whole number below 1000, so that below 10 is one in a hundred. */
export const FIELD = 'part';
/** Selectivities, in thousandths. */
export const PERMILLES = [1, 10, 100, 500];
/** Queries that filters are asked with: an exact scan of the matches is wanted for each. */
export const FILTER_QUERIES = 200;
