package dev.lockstep.trainer.checkpoint;

import dev.lockstep.ps.optim.ModelState;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import org.apache.hadoop.fs.FSDataInputStream;

/**
 * Reads the files of one complete checkpoint. Every byte that is read is checked, and what seems
 * damaged is read a second time before it is refused. Lives wherever its vectors are used: servers
 * read their ranges, workers the files of their virtual workers. Stateless and thread-safe; methods
 * block.
 */
public final class CheckpointReader {

  private final CheckpointFiles files;
  private final StepFolder at;
  private final CheckpointManifest.Contents contents;

  CheckpointReader(CheckpointFiles files, StepFolder at, CheckpointManifest.Contents contents) {
    this.files = files;
    this.at = at;
    this.contents = contents;
  }

  /** What the checkpoint consists of. */
  public CheckpointManifest.Contents contents() {
    return contents;
  }

  /** Reads the whole vector of the servers and all vectors of their optimizer. */
  public ModelState read() throws IOException {
    return read(0, contents.parameters());
  }

  /**
   * Reads a range of the servers' vector and of all vectors of their optimizer, from the files that
   * hold a part of it.
   *
   * @param begin first element
   * @param end one after the last
   * @return with no state vector where the optimizer has none or had taken no step
   * @throws DamagedFileException if a file is truncated, damaged or missing
   * @throws IOException if a file cannot be read
   */
  public ModelState read(int begin, int end) throws IOException {
    float[][] vectors = null;
    for (CheckpointManifest.ShardEntry entry : contents.shards()) {
      int from = Math.max(begin, entry.begin());
      int to = Math.min(end, entry.end());
      if (from >= to) {
        continue;
      }
      float[][] before = vectors;
      vectors =
          readTwice(
              entry.file(),
              in -> {
                ShardFile.Reader shard = open(in, entry);
                float[][] all = before == null ? new float[shard.vectors()][end - begin] : before;
                if (shard.vectors() != all.length) {
                  throw new DamagedFileException(
                      "%s has %d vectors != %d of the shards before it: it is from another checkpoint"
                          .formatted(at.file(entry.file()), shard.vectors(), all.length));
                }
                for (int k = 0; k < all.length; k++) {
                  shard.read(k, from, to, all[k], from - begin);
                }
                return all;
              });
    }
    if (vectors == null) {
      return new ModelState(new float[0], new float[0][]);
    }
    return new ModelState(vectors[0], Arrays.copyOfRange(vectors, 1, vectors.length));
  }

  /**
   * Reads a range of one vector.
   *
   * @param number 0 for the servers' vector, k + 1 for vector k of their optimizer
   */
  public float[] vector(int number, int begin, int end) throws IOException {
    float[] vector = new float[end - begin];
    for (CheckpointManifest.ShardEntry entry : contents.shards()) {
      int from = Math.max(begin, entry.begin());
      int to = Math.min(end, entry.end());
      if (from < to) {
        readTwice(
            entry.file(),
            in -> {
              open(in, entry).read(number, from, to, vector, from - begin);
              return vector;
            });
      }
    }
    return vector;
  }

  private ShardFile.Reader open(FSDataInputStream in, CheckpointManifest.ShardEntry entry)
      throws IOException {
    return new ShardFile.Reader(in, at.file(entry.file()).toString(), entry, at.step());
  }

  /** Reads the vectors that a virtual worker kept for itself. */
  public float[][] replica(int virtualWorker) throws IOException {
    CheckpointManifest.ReplicaEntry entry = contents.replicas().get(virtualWorker);
    String name = at.file(entry.file()).toString();
    return readTwice(
        entry.file(),
        in -> {
          ReplicaFile replica =
              ReplicaFile.read(in, name, new ShardFile.Written(entry.bytes(), entry.crc32c()));
          if (replica.virtualWorker() != virtualWorker || replica.step() != at.step()) {
            throw new DamagedFileException(
                "%s is of virtual worker %d at step %d: files of this checkpoint were exchanged"
                    .formatted(name, replica.virtualWorker(), replica.step()));
          }
          return replica.vectors();
        });
  }

  /** A file that is read wrong once may be sound. */
  private <T> T readTwice(String file, CheckpointFiles.Reader<T> reader) throws IOException {
    try {
      try {
        return files.read(at.file(file), reader);
      } catch (DamagedFileException e) {
        return files.read(at.file(file), reader);
      }
    } catch (FileNotFoundException e) {
      throw StepFolder.missing(at.file(file), e);
    } catch (DamagedFileException e) {
      throw e;
    } catch (IOException e) {
      throw at.unreadable(e);
    }
  }
}
