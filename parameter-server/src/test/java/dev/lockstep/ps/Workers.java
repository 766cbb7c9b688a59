package dev.lockstep.ps;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs the workers of a test, one thread each. */
public final class Workers {

  private static final long BOUND_SECONDS = 60;

  private Workers() {}

  /** First virtual worker of each of so many workers, and V at the end. */
  public static int[] spans(int virtualWorkers, int workers) {
    int[] spans = new int[workers + 1];
    for (int w = 0; w <= workers; w++) {
      spans[w] = (int) ((long) w * virtualWorkers / workers);
    }
    return spans;
  }

  /** Runs all tasks at once and returns what they return; fails with the first failure. */
  public static <T> List<T> run(List<Callable<T>> tasks)
      throws InterruptedException, ExecutionException, TimeoutException {
    ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
    try {
      List<Future<T>> futures = new ArrayList<>();
      for (Callable<T> task : tasks) {
        futures.add(threads.submit(task));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get(BOUND_SECONDS, TimeUnit.SECONDS));
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }
}
