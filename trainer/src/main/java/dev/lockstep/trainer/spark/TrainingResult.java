package dev.lockstep.trainer.spark;

import dev.lockstep.trainer.model.InitialModel;
import dev.lockstep.trainer.report.Metrics;

/**
 * What a finished training leaves. Lives on the driver.
 *
 * @param run id of the run
 * @param out folder of its outputs, a qualified Hadoop URI
 * @param parametersSha256 SHA-256 of θ as little-endian float32, in hexadecimal
 * @param model what was trained, as in {@link #modelFile()}: to be used, scored or trained further
 * @param steps optimizer steps taken
 * @param metrics of every step and epoch
 * @param workers barrier tasks, W
 * @param servers parameter shards: distinct executor JVMs
 * @param socketBytes that workers and servers sent each other through sockets
 * @param seconds from the meeting of the workers to the last step
 * @param examples used for gradients
 * @param numericFingerprint of the arithmetic
 */
public record TrainingResult(
    String run,
    String out,
    String parametersSha256,
    InitialModel model,
    long steps,
    Metrics metrics,
    int workers,
    int servers,
    long socketBytes,
    double seconds,
    long examples,
    String numericFingerprint) {

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
    return (double) socketBytes / steps;
  }

  /** Training examples a second, validation included. */
  public double examplesPerSecond() {
    return examples / seconds;
  }
}
