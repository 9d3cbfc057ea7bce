// Maskov as the page runs it: the built site's engine in a worker.
import init, { Engine, Photo } from '../../dist/maskov-web.js';
import { answer } from './answer.js';

const model = new URL('../../dist/models/small-v1/', import.meta.url).href;
const photo = new URL('../../dist/sample/still_life.jpg', import.meta.url);
let engine;
let picture;

answer({
  async load({ backend, resolution }) {
    await init();
    picture = await Photo.decode(await (await fetch(photo)).blob());
    engine = await Engine.load({ model, device: backend === 'webgpu' ? 'gpu' : 'cpu', resolution });
    if (engine.resolution !== resolution) throw new Error(`R = ${engine.resolution} instead of ${resolution}: ${engine.device.reason}`);
    return engine.device.name;
  },

  /** Milliseconds from the network's image to its map. */
  async run() {
    return (await engine.setImage(picture)).networkMilliseconds;
  },
});
