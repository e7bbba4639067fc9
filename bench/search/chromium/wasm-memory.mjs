// Keeps an eye on every memory that WebAssembly makes in this worker, since the browser does not count them.

const memories = new Set();
const { Instance, Memory, instantiate, instantiateStreaming } = WebAssembly;

function seen(instance) {
  for (const one of Object.values(instance.exports)) if (one instanceof Memory) memories.add(one);
  return instance;
}

WebAssembly.Memory = new Proxy(Memory, {
  construct(target, given) {
    const memory = new target(...given);
    memories.add(memory);
    return memory;
  },
});
WebAssembly.Instance = new Proxy(Instance, { construct: (target, given) => seen(new target(...given)) });
for (const [name, original] of Object.entries({ instantiate, instantiateStreaming })) {
  WebAssembly[name] = async (...given) => {
    const made = await original.apply(WebAssembly, given);
    // From bytes a pair is made, from a module the instance itself.
    seen(made instanceof Instance ? made : made.instance);
    return made;
  };
}

/** Bytes of all of them. */
export function wasmBytes() {
  return Array.from(memories).reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
}
