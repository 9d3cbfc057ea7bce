// onnxruntime-web in a worker, one thread, all of its graph optimisations.
import { answer } from './answer.js';

const ROOT = './node_modules/onnxruntime-web/dist/';
/** As the package's exports name them: `onnxruntime-web/wasm`, `onnxruntime-web/webgpu`. */
const BUNDLES = { wasm: 'ort.wasm.bundle.min.mjs', webgpu: 'ort.webgpu.bundle.min.mjs' };
let ort;
let session;
let image;
let expected;
let device;

const bytesOf = async (url) => (await fetch(url)).arrayBuffer();

answer({
  async load({ backend, resolution, files }) {
    ort = await import(ROOT + BUNDLES[backend]);
    ort.env.wasm.numThreads = 1;
    ort.env.logLevel = 'error';
    const [file, pixels, map] = await Promise.all(['model.onnx', 'image.f32', 'attention.f32'].map((name) => bytesOf(`${files}${resolution}/${name}`)));
    const options = { executionProviders: [backend], graphOptimizationLevel: 'all' };
    // The map stays where it was made, as Maskov's does.
    if (backend === 'webgpu') options.preferredOutputLocation = 'gpu-buffer';
    session = await ort.InferenceSession.create(new Uint8Array(file), options);
    if (backend === 'webgpu') device = await ort.env.webgpu.device;
    const side = Math.sqrt(pixels.byteLength / 12);
    image = new ort.Tensor('float32', new Float32Array(pixels), [1, 3, side, side]);
    expected = new Float32Array(map);
    return `onnxruntime-web ${ort.env.versions.web}`;
  },

  /** Milliseconds from the image to the map, waiting for the device included. */
  async run() {
    const start = performance.now();
    const { attention } = await session.run({ image });
    await device?.queue.onSubmittedWorkDone();
    const milliseconds = performance.now() - start;
    attention.dispose();
    return milliseconds;
  },

  /** Mean over the map's rows of the total variation between its map and Maskov's on the CPU. */
  async variation() {
    const { attention } = await session.run({ image });
    const values = await attention.getData(true);
    if (values.length !== expected.length) throw new Error(`a map of ${values.length} values instead of ${expected.length}`);
    const sum = values.reduce((sum, value, i) => sum + Math.abs(value - expected[i]), 0);
    return sum / 2 / Math.sqrt(values.length);
  },
});
