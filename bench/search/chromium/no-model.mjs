// In the place of @xenova/transformers: client-vector-search loads it to make vectors, of which there are enough here.
export const pipeline = undefined;
