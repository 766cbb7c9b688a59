package dev.lockstep.trainer.cli.options;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.config.OptimizerName;
import dev.lockstep.trainer.config.OptimizerText;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import picocli.CommandLine.Option;

/** Which model to train. */
@Under(Heading.MODEL)
public final class ModelOptions {

  private static final List<String> BUILT_IN = List.of("mlp", "lenet", "lstm", "linear");

  @Common
  @Option(
      names = "--model",
      required = true,
      paramLabel = "FILE|NAME",
      description =
          "DL4J zip, JSON or YAML file (any Hadoop URI), or a built-in model sized from the"
              + " data: mlp:256,128, lenet, lstm:64 or linear.")
  private String model;

  @Option(
      names = "--activation",
      paramLabel = "relu|tanh",
      description = "Activation of the hidden layers of a built-in model (default: relu).")
  private BuiltInOptions.Activation activation;

  private BuiltInOptions options = BuiltInOptions.DEFAULT;

  /**
   * The configuration without an optimizer that DL4J's updaters of built-in models offer, which
   * {@link #builtIn} then sets.
   *
   * @throws IllegalArgumentException if such an optimizer has an argument that the updater has not
   */
  public TrainingConfig takeUpdater(TrainingConfig config) {
    OptimizerText optimizer = config.optimization().optimizer().algorithm();
    if (!isBuiltIn() || optimizer == null) {
      return config;
    }
    Optional<BuiltInOptions.Updater> updater =
        Arrays.stream(BuiltInOptions.Updater.values())
            .filter(each -> each.name().equals(optimizer.name().name()))
            .findFirst();
    if (updater.isEmpty() || isPyTorchSgd(optimizer)) {
      return config;
    }
    if (!Set.of("lr").containsAll(optimizer.values().keySet())) {
      throw new IllegalArgumentException(
          "optimizer="
              + optimizer
              + " with the built-in model="
              + model
              + ": its own "
              + optimizer.name().text()
              + " takes lr alone; leave the other arguments out, or use adamw, such as"
              + " 'adamw(lr=1e-3, weight-decay=0)'");
    }
    options = options.with(updater.get());
    if (optimizer.values().containsKey("lr")) {
      options = options.withLearningRate(optimizer.values().get("lr"));
    }
    return config.toBuilder()
        .optimization(o -> o.optimizer(o.optimizer().withAlgorithm(null)))
        .build();
  }

  /** Plain descent has one formula; with momentum or weight decay it is PyTorch's. */
  private static boolean isPyTorchSgd(OptimizerText optimizer) {
    return optimizer.name() == OptimizerName.SGD
        && !Set.of("lr").containsAll(optimizer.values().keySet());
  }

  /** The model of a file, or nothing where a built-in one is asked for. */
  public Optional<InitialModel> fromFile(Configuration hadoop) throws IOException {
    if (isBuiltIn()) {
      return Optional.empty();
    }
    if (activation != null) {
      throw new IllegalArgumentException(
          "--activation is for built-in models; model=" + model + " has its own: leave it out");
    }
    return Optional.of(read(model, hadoop));
  }

  private boolean isBuiltIn() {
    return BUILT_IN.contains(model.contains(":") ? model.substring(0, model.indexOf(':')) : model);
  }

  /** The built-in model that is asked for, sized from the data. */
  public InitialModel builtIn(List<TensorSpec> tensors) {
    BuiltInOptions all = activation == null ? options : options.with(activation);
    return InitialModel.fresh(ModelDefinition.builtIn(model, tensors, all));
  }

  /**
   * Reads a model file.
   *
   * @throws IllegalArgumentException if there is none, or it is not a model's
   */
  public static InitialModel read(String location, Configuration hadoop) throws IOException {
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
