package dev.lockstep.sharding.ingest;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** Opens what a task reads when it is first asked for, and closes it when the task ends. */
public final class Closing {

  private Closing() {}

  /**
   * An iterator that is opened late, so that errors of opening reach whoever iterates.
   *
   * @param task whose end closes it, also when it fails
   */
  public static <T, I extends Iterator<T> & Closeable> Iterator<T> atTaskEnd(
      TaskContext task, Opening<I> opening) {
    return new Iterator<>() {
      private I open;

      @Override
      public boolean hasNext() {
        return opened().hasNext();
      }

      @Override
      public T next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return opened().next();
      }

      private I opened() {
        if (open == null) {
          try {
            open = opening.open();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          atTaskEnd(task, open);
        }
        return open;
      }
    };
  }

  /**
   * Closes something when a task ends, also when it fails.
   *
   * @param task the one that runs
   */
  public static void atTaskEnd(TaskContext task, Closeable open) {
    task.addTaskCompletionListener((TaskCompletionListener) ended -> closeQuietly(open));
  }

  private static void closeQuietly(Closeable open) {
    try {
      open.close();
    } catch (IOException e) {
      // Everything wanted has been read.
    }
  }

  /** Opens a file. */
  public interface Opening<I> {
    I open() throws IOException;
  }
}
