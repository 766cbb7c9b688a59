package dev.lockstep.trainer.cli.options;

import dev.lockstep.sharding.ClassWeights;
import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.FittedTransform.TimeWindow;
import dev.lockstep.sharding.MissingValues;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.store.DataRecipeJson;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What the columns of a table are, and what is to be made of them. */
@Under(Heading.COLUMNS)
final class ColumnOptions {

  private static final String ALL = "all";
  private static final String BALANCED = "balanced";

  @Common
  @Option(
      names = "--label-column",
      paramLabel = "NAME|INDEX",
      description = "Tables: label column (default: the last).")
  private String labelColumn;

  @Common
  @Option(
      names = "--task",
      paramLabel = "classification|regression",
      converter = TaskConverter.class,
      description =
          "Tables, libsvm and TFRecord: predict a class or a number (default: classification).")
  private LabelKind task;

  @Option(
      names = "--classes",
      split = ",",
      hideParamSyntax = true,
      paramLabel = "A,B,…",
      description =
          "Classes in the order of the outputs of the model (default: the classes found, sorted).")
  private List<String> classes;

  @Common
  @Option(
      names = "--features",
      split = ",",
      hideParamSyntax = true,
      paramLabel = "A,B,…",
      description = "Feature columns (default: every column but label, weight and series).")
  private List<String> features;

  @Option(
      names = "--categorical",
      split = ",",
      hideParamSyntax = true,
      paramLabel = "A,B,…",
      description = "Tables: features to encode as one-hot categories.")
  private List<String> categorical;

  @Common
  @Option(
      names = "--standardize",
      split = ",",
      hideParamSyntax = true,
      paramLabel = "A,B,…|all",
      description = "Tables: features to scale to mean 0 and standard deviation 1.")
  private List<String> standardize;

  @Option(
      names = "--min-max",
      split = ",",
      hideParamSyntax = true,
      paramLabel = "A,B,…|all",
      description = "Tables: features to scale to [0, 1].")
  private List<String> minMax;

  @Option(
      names = "--missing",
      paramLabel = "fail|skip|mean|X",
      description =
          "Tables: on an empty feature, stop, skip the row, or use the mean of the column or X"
              + " (default: fail).")
  private String missing;

  @Option(
      names = "--weight-column",
      paramLabel = "NAME|INDEX",
      description = "Tables: column with the weight of each example (default: every weight is 1).")
  private String weightColumn;

  @Option(
      names = "--class-weights",
      split = ",",
      hideParamSyntax = true,
      paramLabel = "balanced|A=2,B=1",
      description =
          "Tables: weight of the examples of each class; balanced weights by inverse frequency"
              + " (default: 1).")
  private List<String> classWeights;

  @Option(
      names = "--sequences",
      split = ",",
      hideParamSyntax = true,
      paramLabel = "A,B,…",
      description =
          "Tables: features that are arrays with one value per time step. Shorter arrays are"
              + " padded. Other features become a second input if --features names them.")
  private List<String> sequences;

  @Option(
      names = "--sequence-window",
      paramLabel = "STEPS[:STRIDE[:HORIZON]]",
      description =
          "Tables: make each example from a window of STEPS rows. The label is HORIZON rows"
              + " after the last row (default: stride 1, horizon 1).")
  private String window;

  @Option(
      names = "--series-column",
      paramLabel = "NAME|INDEX",
      description = "Tables: column whose value is the same in all rows of a window.")
  private String seriesColumn;

  @Option(
      names = "--recipe",
      paramLabel = "FILE",
      description =
          "Tables: JSON file of tensors and their columns, for several inputs or outputs."
              + " Replaces the other column options.")
  private String recipe;

  /** Names of the options that were given and are for tables only. */
  List<String> given() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("--label-column", labelColumn);
    all.put("--features", features);
    all.put("--categorical", categorical);
    all.put("--standardize", standardize);
    all.put("--min-max", minMax);
    all.put("--missing", missing);
    all.put("--weight-column", weightColumn);
    all.put("--class-weights", classWeights);
    all.put("--sequences", sequences);
    all.put("--sequence-window", window);
    all.put("--series-column", seriesColumn);
    all.put("--recipe", recipe);
    return all.entrySet().stream()
        .filter(each -> each.getValue() != null)
        .map(Map.Entry::getKey)
        .toList();
  }

  boolean isClass() {
    return task() == LabelKind.CLASSIFICATION;
  }

  LabelKind task() {
    return task == null ? LabelKind.CLASSIFICATION : task;
  }

  boolean isTaskGiven() {
    return task != null;
  }

  /** The classes asked for, or those known, or none. */
  List<String> classes(List<String> known) {
    return classes != null ? classes : isClass() ? known : List.of();
  }

  boolean areClassesGiven() {
    return classes != null;
  }

  String labelColumn() {
    return labelColumn;
  }

  List<String> features() {
    return features == null ? List.of() : features;
  }

  /** Whether numbers are learned from the training part. */
  boolean isFitted() {
    return standardize != null
        || minMax != null
        || recipe != null
        || (missing != null && MissingValues.parse(missing).policy() == MissingValues.Policy.MEAN)
        || (classWeights != null && classWeights.contains(BALANCED));
  }

  /**
   * What is to be made of a table with these columns.
   *
   * @param known classes that the model was trained on, or none
   */
  TableRecipe recipe(List<String> columns, List<String> known, Configuration hadoop)
      throws IOException {
    if (recipe != null) {
      return fromFile(hadoop);
    }
    String labels =
        labelColumn == null ? columns.get(columns.size() - 1) : named(columns, labelColumn);
    String weight = weightColumn == null ? null : named(columns, weightColumn);
    String series = seriesColumn == null ? "" : named(columns, seriesColumn);
    TimeWindow windows = timeWindow(series);
    List<TensorRecipe> tensors = new ArrayList<>();
    List<String> treated = new ArrayList<>();
    if (sequences != null) {
      List<String> inputs = sequences.stream().map(each -> named(columns, each)).toList();
      treated.addAll(inputs);
      tensors.add(
          new TensorRecipe(
              "features", Role.FEATURES, treated(columns, inputs), TensorRecipe.LONGEST));
    }
    if (sequences == null || features != null) {
      List<String> inputs = new ArrayList<>();
      if (features == null) {
        // In windows, numbers to be predicted are features too, as long as they lie before.
        boolean seen = windows != null && windows.horizon() > 0 && !isClass();
        inputs.addAll(columns);
        inputs.removeIf(
            each -> each.equals(weight) || each.equals(series) || (each.equals(labels) && !seen));
      } else {
        features.forEach(each -> inputs.add(named(columns, each)));
      }
      treated.addAll(inputs);
      if (inputs.isEmpty()) {
        throw new IllegalArgumentException(
            "columns=" + columns + " leave no feature beside the label " + labels);
      }
      tensors.add(
          new TensorRecipe(
              sequences == null ? "features" : "features_1",
              Role.FEATURES,
              treated(columns, inputs),
              TensorRecipe.NO_SEQUENCE));
    }
    requireTreated(columns, treated);
    tensors.add(
        TensorRecipe.of(
            "labels",
            Role.LABELS,
            isClass()
                ? new ColumnRecipe(labels, ColumnTransform.CLASS, classes(known))
                : ColumnRecipe.of(labels, ColumnTransform.NUMBER)));
    if (weight != null) {
      tensors.add(
          TensorRecipe.of(
              "weights", Role.WEIGHTS, ColumnRecipe.of(weight, ColumnTransform.NUMBER)));
    }
    return new TableRecipe(
        tensors,
        missing == null ? MissingValues.FAIL : MissingValues.parse(missing),
        weights(),
        windows);
  }

  private TableRecipe fromFile(Configuration hadoop) throws IOException {
    List<String> others = new ArrayList<>(given());
    others.remove("--recipe");
    if (!others.isEmpty()) {
      throw new IllegalArgumentException(
          "--recipe beside " + others + ": the file says all of it, leave them out");
    }
    Path path = new Path(recipe);
    try (InputStream in = path.getFileSystem(hadoop).open(path)) {
      return DataRecipeJson.parseColumns(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (FileNotFoundException e) {
      throw new IllegalArgumentException(
          "recipe=" + recipe + " does not exist: name a JSON file with --recipe", e);
    }
  }

  /** Name of a column that is given by its name or, from 0, its index. */
  private static String named(List<String> columns, String column) {
    if (columns.contains(column)) {
      return column;
    }
    if (column.matches("\\d{1,9}") && Integer.parseInt(column) < columns.size()) {
      return columns.get(Integer.parseInt(column));
    }
    throw new IllegalArgumentException(
        "the data have no column " + column + ": their columns are " + columns);
  }

  /** A name that is no feature would be without effect. */
  private void requireTreated(List<String> columns, List<String> inputs) {
    Map<String, List<String>> options = new LinkedHashMap<>();
    options.put("--categorical", categorical);
    options.put("--standardize", standardize);
    options.put("--min-max", minMax);
    options.forEach(
        (option, names) -> {
          if (names != null && !names.equals(List.of(ALL))) {
            for (String name : names) {
              if (!inputs.contains(named(columns, name))) {
                throw new IllegalArgumentException(
                    option
                        + " names "
                        + name
                        + ", which is no feature: the features are "
                        + inputs);
              }
            }
          }
        });
  }

  private List<ColumnRecipe> treated(List<String> columns, List<String> names) {
    List<ColumnRecipe> treated = new ArrayList<>();
    for (String name : names) {
      boolean category = isNamed(categorical, columns, name);
      boolean standard = isNamed(standardize, columns, name);
      boolean range = isNamed(minMax, columns, name);
      boolean byAll = category && (isAll(standardize) || isAll(minMax));
      if ((standard && range) || (category && (standard || range) && !byAll)) {
        throw new IllegalArgumentException(
            "column "
                + name
                + " is named by two of --categorical, --standardize and --min-max: choose one");
      }
      ColumnTransform scaling =
          standard
              ? ColumnTransform.STANDARDIZE
              : range ? ColumnTransform.MIN_MAX : ColumnTransform.NUMBER;
      treated.add(ColumnRecipe.of(name, category ? ColumnTransform.ONE_HOT : scaling));
    }
    return treated;
  }

  private static boolean isAll(List<String> option) {
    return option != null && option.equals(List.of(ALL));
  }

  private static boolean isNamed(List<String> option, List<String> columns, String column) {
    return isAll(option)
        || (option != null
            && option.stream().anyMatch(each -> column.equals(named(columns, each))));
  }

  private ClassWeights weights() {
    if (classWeights == null) {
      return ClassWeights.NONE;
    }
    if (classWeights.equals(List.of(BALANCED))) {
      return ClassWeights.balanced();
    }
    Map<String, Double> byClass = new LinkedHashMap<>();
    for (String each : classWeights) {
      int equals = each.lastIndexOf('=');
      try {
        byClass.put(each.substring(0, equals), Double.parseDouble(each.substring(equals + 1)));
      } catch (IndexOutOfBoundsException | NumberFormatException e) {
        throw new IllegalArgumentException(
            "class-weights=" + each + " is neither balanced nor of the form CLASS=WEIGHT", e);
      }
    }
    return ClassWeights.of(byClass);
  }

  private TimeWindow timeWindow(String series) {
    if (window == null) {
      if (seriesColumn != null) {
        throw new IllegalArgumentException(
            "series-column=" + seriesColumn + " without --sequence-window: give both");
      }
      return null;
    }
    String[] parts = window.split(":", -1);
    try {
      if (parts.length > 3) {
        throw new NumberFormatException(window);
      }
      return new TimeWindow(
          Integer.parseInt(parts[0]),
          parts.length > 1 ? Integer.parseInt(parts[1]) : 1,
          parts.length > 2 ? Integer.parseInt(parts[2]) : 1,
          series);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "window=" + window + " is not of the form STEPS[:STRIDE[:HORIZON]]", e);
    }
  }

  /** Leaves out that there may be no label. */
  static final class TaskConverter implements ITypeConverter<LabelKind> {
    @Override
    public LabelKind convert(String value) {
      return Stream.of(LabelKind.CLASSIFICATION, LabelKind.REGRESSION)
          .filter(kind -> kind.name().equalsIgnoreCase(value))
          .findFirst()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "'" + value + "' is not one of classification, regression"));
    }
  }
}
