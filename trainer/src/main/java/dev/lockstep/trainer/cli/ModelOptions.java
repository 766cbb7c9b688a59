package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.config.OptimizerName;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import picocli.CommandLine.Option;

/** Which model to train. */
final class ModelOptions {

  private static final List<String> BUILT_IN = List.of("mlp", "lenet", "lstm", "linear");

  @Option(
      names = "--model",
      required = true,
      paramLabel = "FILE|NAME",
      description =
          "DL4J zip, DL4J JSON or YAML configuration (any Hadoop URI), or a built-in model sized"
              + " from the data: mlp:256,128 | lenet | lstm:64 | linear.")
  private String model;

  @Option(
      names = "--updater",
      paramLabel = "sgd|nesterovs|adam",
      description = "Optimizer of a built-in model (default: adam).")
  private BuiltInOptions.Updater updater;

  @Option(
      names = "--learning-rate",
      paramLabel = "R",
      description = "Learning rate of a built-in model (default: 0.001).")
  private Double learningRate;

  @Option(
      names = "--activation",
      paramLabel = "relu|tanh",
      description = "Hidden activation of a built-in model (default: relu).")
  private BuiltInOptions.Activation activation;

  /**
   * Refuses what an optimizer in place of the model's updater leaves without effect.
   *
   * @throws IllegalArgumentException if an updater or its rate is given too
   */
  void requireNoUpdater(OptimizerName inItsPlace) {
    if (updater != null || learningRate != null) {
      throw new IllegalArgumentException(
          "--updater and --learning-rate have no effect with optimizer="
              + inItsPlace.text()
              + ", which takes the place of the model's updater: leave them out, and give --lr");
    }
  }

  /** The model of a file, or nothing where a built-in one is asked for. */
  Optional<InitialModel> fromFile(Configuration hadoop) throws IOException {
    String name = model.contains(":") ? model.substring(0, model.indexOf(':')) : model;
    if (BUILT_IN.contains(name)) {
      return Optional.empty();
    }
    if (updater != null || learningRate != null || activation != null) {
      throw new IllegalArgumentException(
          "--updater, --learning-rate and --activation are for built-in models, model="
              + model
              + " brings its own: leave them out");
    }
    return Optional.of(read(model, hadoop));
  }

  /** The built-in model that is asked for, sized from the data. */
  InitialModel builtIn(List<TensorSpec> tensors) {
    return InitialModel.fresh(ModelDefinition.builtIn(model, tensors, builtInOptions()));
  }

  private BuiltInOptions builtInOptions() {
    BuiltInOptions options = BuiltInOptions.DEFAULT;
    if (updater != null) {
      options = options.with(updater);
    }
    if (learningRate != null) {
      options = options.withLearningRate(learningRate);
    }
    return activation == null ? options : options.with(activation);
  }

  /**
   * Reads a model file.
   *
   * @throws IllegalArgumentException if there is none, or it is not a model's
   */
  static InitialModel read(String location, Configuration hadoop) throws IOException {
    AddressSecrets.requireNone("model", location);
    Path path = new Path(location);
    try (InputStream in = path.getFileSystem(hadoop).open(path)) {
      return InitialModel.read(in, location);
    } catch (FileNotFoundException
        | AccessControlException
        | UnsupportedFileSystemException e) { // also what a folder gives
      throw new IllegalArgumentException(
          "model="
              + location
              + " cannot be read: "
              + e.getMessage()
              + ": give a DL4J zip, JSON or YAML file, or one of "
              + BUILT_IN,
          e);
    }
  }
}
