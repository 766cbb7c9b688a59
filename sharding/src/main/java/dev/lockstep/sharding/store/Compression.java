package dev.lockstep.sharding.store;

/** How the blocks of data shards are compressed. Any of them can be read without being told. */
public enum Compression {
  /** Not at all: the fastest to read from a local disk or its cache. */
  NONE,
  /** LZ4 frames: cheap to read, for sparse or padded data. */
  LZ4,
  /** Zstandard: smallest, for slow networks and object stores. */
  ZSTD
}
