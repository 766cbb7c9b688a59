package dev.lockstep.trainer.cli;

/**
 * A command that another module adds to {@code lockstep}: implementations are found with {@link
 * java.util.ServiceLoader}. Lives on the driver.
 */
public interface CommandProvider {

  /**
   * A fresh picocli command: an object whose class carries {@code @Command} with the command's name
   * and which is a {@code Callable<Integer>} that returns the exit code.
   */
  Object command();
}
