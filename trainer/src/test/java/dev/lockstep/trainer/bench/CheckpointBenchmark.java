package dev.lockstep.trainer.bench;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.checkpoint.ShardFile;
import dev.lockstep.trainer.plan.RunIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * How long a checkpoint takes to write, beside a plain file of as many bytes: one shard of
 * parameters with the two vectors that Adam keeps, and its commit. Both reach the disk; a third row
 * shows how much of it the disk takes. Best of several, taken in turns.
 *
 * <pre>
 * arguments: [FOLDER [ROUNDS]]
 * </pre>
 */
public final class CheckpointBenchmark {

  private static final int[] PARAMETERS = {235_146, 25_000_000};
  private static final int STATE_VECTORS = 2;
  private static final int PIECE = 1 << 20;
  private static final Configuration HADOOP = new Configuration();

  private CheckpointBenchmark() {}

  /** Prints a table. */
  public static void main(String[] arguments) throws IOException {
    Path folder =
        arguments.length > 0
            ? Files.createDirectories(Path.of(arguments[0]))
            : Files.createTempDirectory("checkpoints");
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
    System.out.printf(
        Locale.ROOT,
        "%12s %12s %-34s %10s %10s %8s%n",
        "parameters",
        "bytes",
        "written",
        "seconds",
        "MB/s",
        "ratio");
    for (int parameters : PARAMETERS) {
      measure(folder, parameters, rounds);
    }
    deleteBelow(folder);
  }

  private static void measure(Path folder, int parameters, int rounds) throws IOException {
    float[][] vectors = vectors(parameters);
    long bytes = 4L * parameters * vectors.length;
    double[] best = {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE};
    for (int round = 0; round < rounds; round++) {
      best[0] = Math.min(best[0], plain(folder.resolve("plain"), bytes, Sync.TO_DISK));
      best[1] = Math.min(best[1], checkpoint(folder.resolve("checkpoints"), vectors, round));
      best[2] = Math.min(best[2], plain(folder.resolve("plain"), bytes, Sync.NONE));
      best[3] = Math.min(best[3], stream(vectors));
      deleteBelow(folder);
    }
    row(parameters, bytes, "plain file, forced to disk", best[0], best[0]);
    row(parameters, bytes, "checkpoint: shard and commit", best[1], best[0]);
    row(parameters, bytes, "plain file, not forced", best[2], best[0]);
    row(parameters, bytes, "shard into nothing", best[3], best[0]);
  }

  private enum Sync {
    NONE,
    TO_DISK
  }

  private static double plain(Path file, long bytes, Sync sync) throws IOException {
    ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
    long begin = System.nanoTime();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long left = bytes; left > 0; left -= PIECE) {
        piece.clear().limit((int) Math.min(PIECE, left));
        while (piece.hasRemaining()) {
          channel.write(piece);
        }
      }
      if (sync == Sync.TO_DISK) {
        channel.force(true);
      }
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    Files.delete(file);
    return seconds;
  }

  private static double checkpoint(Path folder, float[][] vectors, long step) throws IOException {
    CheckpointStore store =
        new CheckpointStore(new org.apache.hadoop.fs.Path(folder.toUri()), HADOOP);
    long begin = System.nanoTime();
    CheckpointManifest.ShardEntry shard = store.writeShard(shard(vectors, step), 0, 1);
    store.commit(
        new CheckpointManifest(
            new AttemptId("bench", 1),
            step,
            "bits",
            RunIdentity.of(Map.of("seed", "1")),
            RunProgress.NONE,
            new CheckpointManifest.Contents(vectors[0].length, 1, List.of(shard), List.of())));
    return (System.nanoTime() - begin) / 1e9;
  }

  /** What the conversion and its checksum take. */
  private static double stream(float[][] vectors) throws IOException {
    long begin = System.nanoTime();
    shard(vectors, 1).write(java.io.OutputStream.nullOutputStream());
    return (System.nanoTime() - begin) / 1e9;
  }

  private static ShardFile shard(float[][] vectors, long step) {
    return new ShardFile(
        0, step, new ModelState(vectors[0], new float[][] {vectors[1], vectors[2]}));
  }

  private static float[][] vectors(int parameters) {
    SplittableRandom random = new SplittableRandom(1);
    float[][] vectors = new float[1 + STATE_VECTORS][parameters];
    for (float[] vector : vectors) {
      for (int i = 0; i < parameters; i++) {
        vector[i] = (float) random.nextDouble();
      }
    }
    return vectors;
  }

  private static void row(int parameters, long bytes, String what, double seconds, double plain) {
    System.out.printf(
        Locale.ROOT,
        "%,12d %,12d %-34s %10.4f %,10.0f %8.2f%n",
        parameters,
        bytes,
        what,
        seconds,
        bytes / seconds / 1e6,
        seconds / plain);
  }

  private static void deleteBelow(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> below = Files.walk(folder)) {
      all = below.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path each : all) {
      if (!each.equals(folder)) {
        Files.delete(each);
      }
    }
  }
}
