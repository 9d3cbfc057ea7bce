//! The API's types in TypeScript, beside the classes.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &'static str = r#"
/** What errors are told apart by. */
export type ErrorCode =
  | 'webgpu-unavailable'
  | 'adapter-too-small'
  | 'adapter-wrong'
  | 'adapter-slow'
  | 'buffer-too-large'
  | 'device-lost'
  | 'out-of-memory'
  | 'fetch-failed'
  | 'weights-missing'
  | 'weights-corrupt'
  | 'weights-unsupported'
  | 'bad-image'
  | 'bad-resolution'
  | 'bad-settings'
  | 'bad-attention'
  | 'point-outside'
  | 'no-image'
  | 'storage-full'
  | 'internal';

/** What every call rejects with; an aborted one rejects with its signal's reason. */
export interface MaskovError extends Error {
  name: 'MaskovError';
  code: ErrorCode;
}

/** How far a call is. */
export interface Progress {
  /**
   * loading: bytes; encoding: percent; recovering: the device was lost, everything is done again; shrinking: memory is short,
   * a smaller plan is tried.
   */
  stage: 'loading' | 'encoding' | 'segmenting' | 'recovering' | 'shrinking';
  done: number;
  /** 0 where nobody knows. */
  total: number;
  /** Whether the bytes come from this browser's store. */
  stored?: boolean;
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the call. */
  signal?: AbortSignal;
  /** What it throws ends the call. */
  onProgress?: (progress: Progress) => void;
}

/** Options of Engine.load. */
export interface LoadOptions extends CallOptions {
  /** Folder of a model pack. */
  model: string;
  /** auto, which is the default: a hardware adapter where there is one, else what is faster. */
  device?: 'auto' | 'gpu' | 'cpu';
  /** R; the engine's own choice where absent. */
  resolution?: number;
  /** Fetches everything past all caches and stores. */
  fresh?: boolean;
  /** How maps become masks: m2n2 is the paper's way, maskov ours; what the model's settings name where absent. */
  method?: 'm2n2' | 'maskov';
  /** Device.verdict of an earlier visit with the same browser, so that the same adapter is tried once. */
  verdict?: Verdict;
}

/** Where an engine computes. */
export interface Device {
  kind: 'gpu' | 'cpu';
  name: string;
  /** Whether it is an adapter that computes on the CPU. */
  software: boolean;
  /** Why less is done than was hoped for, as a sentence. */
  reason?: string;
  reasonCode?: ErrorCode;
  /** What came of trying the adapter, where it was tried: only device: 'auto' does. */
  verdict?: Verdict;
}

/** A graphics adapter on trial: a few layers of the model on it and on the CPU. */
export interface Verdict {
  adapter: string;
  /** Whether it computes on the CPU itself. */
  isSoftware: boolean;
  /** Whether it computed what the CPU did. */
  isRight: boolean;
  /** Whether it was faster than the CPU. */
  isFaster: boolean;
}

/** A click, in photo pixels. */
export interface Point {
  x: number;
  y: number;
  /** Whether it adds to the object; else it removes. */
  foreground: boolean;
  /** The share of the photo that it takes, 0.001 to 0.9; the engine's own choice where absent or null. Beside that range the nearer end is taken, which the console says. */
  size?: number | null;
}

/** What a point takes at one stop of its size. */
export interface SizeStop {
  /** What to ask for as Point.size. */
  size: number;
  /** The share of the photo that the mask of all points then covers. */
  area: number;
  /** Whether this is the engine's own choice. */
  isAutomatic: boolean;
}

/** COCO's uncompressed runs: down the columns, beginning with background. */
export interface Rle {
  size: [height: number, width: number];
  counts: number[];
}

/** A photo that an engine has read. */
export interface Encoded {
  width: number;
  height: number;
  milliseconds: number;
  /** Of these, what the network alone took: from its image to the attention map, which on a GPU is waited for. */
  networkMilliseconds: number;
}

/** How far everything is from a point. */
export interface MarkovMap {
  width: number;
  height: number;
  /** In iterations of the chain, upsampled, [height * width]. */
  steps: Float32Array;
  /** R that it was made at. */
  resolution: number;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// Options of every call.
    #[wasm_bindgen(typescript_type = "CallOptions")]
    pub type CallOptions;
    /// Options of `Engine.load`.
    #[wasm_bindgen(typescript_type = "LoadOptions")]
    pub type LoadOptions;
    /// Where an engine computes.
    #[wasm_bindgen(typescript_type = "Device")]
    pub type Device;
    /// A click.
    #[wasm_bindgen(typescript_type = "Point")]
    pub type Point;
    /// Clicks.
    #[wasm_bindgen(typescript_type = "readonly Point[]")]
    pub type Points;
    /// A file or its bytes.
    #[wasm_bindgen(typescript_type = "Blob | BufferSource")]
    pub type File;
    /// Whatever a photo can be made of.
    #[wasm_bindgen(typescript_type = "Photo | ImageData | Blob | BufferSource")]
    pub type Image;
    /// Runs of a mask.
    #[wasm_bindgen(typescript_type = "Rle")]
    pub type Rle;
}
