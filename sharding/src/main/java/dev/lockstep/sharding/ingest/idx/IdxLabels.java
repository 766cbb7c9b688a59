package dev.lockstep.sharding.ingest.idx;

import java.io.DataInputStream;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;

/** A pass over the labels of an IDX file. Lives in an executor. */
final class IdxLabels {

  private IdxLabels() {}

  /** The highest label, or -1 when the file ends before its header says. */
  static int highest(IdxFile labels, Configuration conf) throws IOException {
    byte[] piece = new byte[1 << 16];
    int highest = 0;
    try (DataInputStream in = labels.openAt(0, conf)) {
      for (int left = labels.items(); left > 0; ) {
        int read = in.read(piece, 0, Math.min(piece.length, left));
        if (read < 0) {
          return -1;
        }
        for (int i = 0; i < read; i++) {
          highest = Math.max(highest, Byte.toUnsignedInt(piece[i]));
        }
        left -= read;
      }
    }
    return highest;
  }
}
