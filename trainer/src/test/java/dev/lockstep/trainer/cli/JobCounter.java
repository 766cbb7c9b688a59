package dev.lockstep.trainer.cli;

import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;

/** Counts the jobs of the command that runs; Spark creates it by name, hence the static count. */
public final class JobCounter extends SparkListener {

  static final AtomicInteger STARTED = new AtomicInteger();

  /** For Spark. */
  public JobCounter() {}

  @Override
  public void onJobStart(SparkListenerJobStart start) {
    STARTED.incrementAndGet();
  }
}
