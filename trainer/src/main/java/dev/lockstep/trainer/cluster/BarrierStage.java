package dev.lockstep.trainer.cluster;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import scala.collection.Iterator;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;

/** Runs tasks that are launched together; the only place that meets Spark's Scala API for it. */
public final class BarrierStage {

  private BarrierStage() {}

  /**
   * What each task does; crosses to the executors.
   *
   * @param <R> result, serializable and small
   */
  public interface Task<R> extends Serializable {
    /** Runs on the task's own thread in an executor. */
    R run(BarrierTaskContext context) throws Exception;
  }

  /**
   * Submits the stage.
   *
   * @return one result a task, in no promised order
   */
  public static <R> JavaFutureAction<List<R>> submit(
      JavaSparkContext spark, int tasks, Task<R> task) {
    List<Integer> numbers = java.util.stream.IntStream.range(0, tasks).boxed().toList();
    RDD<R> results =
        spark
            .parallelize(numbers, tasks)
            .rdd()
            .barrier()
            .mapPartitions(new Partition<>(task), false, ClassTag$.MODULE$.apply(Object.class));
    return JavaRDD.<R>fromRDD(results, ClassTag$.MODULE$.apply(Object.class)).collectAsync();
  }

  /** A class, not a lambda: Java's lambdas for Scala functions are not serializable. */
  private static final class Partition<R> extends AbstractFunction1<Iterator<Integer>, Iterator<R>>
      implements Serializable {
    private static final long serialVersionUID = 1L;
    private final Task<R> task;

    Partition(Task<R> task) {
      this.task = task;
    }

    @Override
    public Iterator<R> apply(Iterator<Integer> ignored) {
      try {
        return scala.collection.Iterator$.MODULE$.single(task.run(BarrierTaskContext.get()));
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e.getMessage(), e);
      }
    }
  }
}
