package dev.lockstep.trainer.output;

import dev.lockstep.ps.transport.Exchanged;
import dev.lockstep.trainer.checkpoint.RateCut;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.RunNote;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.model.file.InitialModel;
import java.util.List;
import java.util.Optional;

/**
 * What a finished training leaves. Lives on the driver.
 *
 * @param run id of the run
 * @param out folder of its outputs, a qualified Hadoop URI
 * @param parametersSha256 SHA-256 of θ as little-endian float32, in hexadecimal
 * @param model what was trained, as in {@link #modelFile()}: to be used, scored or trained further
 * @param metrics of every step and epoch
 * @param progress how far the run came, and how
 * @param cluster what it ran on
 */
public record TrainingResult(
    String run,
    String out,
    String parametersSha256,
    InitialModel model,
    Metrics metrics,
    Progress progress,
    Cluster cluster) {

  /**
   * How far a run came, and how.
   *
   * @param steps optimizer steps taken
   * @param examples used for gradients
   * @param seconds from the start of the workers to the last step, over all attempts
   * @param attempts so far, of this command and of earlier ones
   * @param notes what happened to the run besides steps, in order: lost executors, checkpoints that
   *     could not be written
   * @param endedEarly why the run ended before its last epoch; empty if it did not
   * @param rateCuts what the learning rate was multiplied by after gradients that were not finite
   */
  public record Progress(
      long steps,
      long examples,
      double seconds,
      int attempts,
      List<RunNote> notes,
      Optional<String> endedEarly,
      List<RateCut> rateCuts) {

    /** Copies the lists. */
    public Progress {
      notes = List.copyOf(notes);
      rateCuts = List.copyOf(rateCuts);
    }

    /** Training examples a second, validation included. */
    public double examplesPerSecond() {
      return examples / seconds;
    }
  }

  /**
   * What a run ran on. Traffic and workers are those of attempts that ended well.
   *
   * @param workers barrier tasks of the last attempt, W; 0 if the run was complete already
   * @param servers parameter shards: distinct executor JVMs
   * @param socketBytes that workers and servers sent each other through sockets, messages as a
   *     whole; 0 in one JVM
   * @param exchanged gradients (in mode {@code averaging}, changes of parameters) that all workers
   *     pushed and parameters that they pulled, through sockets or in memory
   * @param workerThroughputs of the workers in the order of their index; a worker has several where
   *     the run had several attempts and it was not always on the same executor
   * @param numericFingerprint of the arithmetic
   */
  public record Cluster(
      int workers,
      int servers,
      long socketBytes,
      Exchanged exchanged,
      List<WorkerThroughput> workerThroughputs,
      String numericFingerprint) {

    /** Copies the list. */
    public Cluster {
      workerThroughputs = List.copyOf(workerThroughputs);
    }
  }

  /** θ, length P, in DL4J's flattened order. */
  public float[] parameters() {
    return model.saved().orElseThrow().theta();
  }

  /** The DL4J zip with the trained model and its updater state. */
  public String modelFile() {
    return out + "/" + RunFolder.MODEL;
  }

  /** Bytes that all workers and servers together sent each other for one step, on average. */
  public double socketBytesPerStep() {
    return (double) cluster.socketBytes() / progress.steps();
  }

  /**
   * Bytes of the elements that all workers pushed and pulled, whether sockets carried them or
   * memory, as {@link Exchanged} defines them. Depends on the workers W, and not on how many JVMs
   * they share, but where zeros make a message sparse: messages end with a parameter shard.
   *
   * <p>A step of mode {@code sync} without compression is 4P(S + W) bytes: W pulls, and S pushes,
   * each of a subtree that a worker sums (S = W where V/W is a power of two), shorter where many
   * elements are 0. Mode {@code averaging} exchanges once a round, and the optimizer's state too
   * where that is averaged.
   */
  public long exchangedBytes() {
    return cluster.exchanged().total();
  }

  /** {@link #exchangedBytes()} for one step, on average. */
  public double exchangedBytesPerStep() {
    return (double) exchangedBytes() / progress.steps();
  }
}
