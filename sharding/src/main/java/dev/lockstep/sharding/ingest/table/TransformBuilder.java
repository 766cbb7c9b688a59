package dev.lockstep.sharding.ingest.table;

import dev.lockstep.sharding.ClassWeights;
import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.FittedTensor;
import dev.lockstep.sharding.FittedTensor.Masked;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.MissingValues;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.prepare.RowExamples;
import dev.lockstep.sharding.prepare.SchemaScan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Makes a {@link FittedTransform} from a recipe and what the passes over the table found. Driver
 * side.
 */
final class TransformBuilder {

  private TransformBuilder() {}

  /** The transform without its fitted numbers, which a fit needs to know. */
  static FittedTransform unfitted(TableRecipe recipe, SchemaScan scan) {
    List<FittedTensor> tensors = new ArrayList<>();
    for (int t = 0; t < recipe.tensors().size(); t++) {
      TensorRecipe tensor = recipe.tensors().get(t);
      List<FittedColumn> columns = new ArrayList<>();
      for (int c = 0; c < tensor.columns().size(); c++) {
        ColumnRecipe column = tensor.columns().get(c);
        int width = tensor.isSequence() ? 1 : scan.width(t, c);
        List<String> categories =
            column.transform().isCategory() ? scan.categories(t, c) : List.of();
        int numbers = column.transform().isCategory() ? 0 : width;
        columns.add(
            new FittedColumn(
                column.column(),
                column.transform(),
                width,
                categories,
                Collections.nCopies(numbers, 0.0),
                Collections.nCopies(numbers, 1.0),
                List.of()));
      }
      int steps = 0;
      Masked masked = Masked.NO;
      if (recipe.window() != null && tensor.role() == Role.FEATURES) {
        steps = recipe.window().steps();
      } else if (tensor.isSequence()) {
        steps = tensor.steps() == TensorRecipe.LONGEST ? scan.longest(t) : tensor.steps();
        masked = scan.allHave(t, steps) ? Masked.NO : Masked.YES;
      }
      tensors.add(new FittedTensor(tensor.name(), tensor.role(), columns, steps, masked));
    }
    if (recipe.classWeights().kind() != ClassWeights.Kind.NONE
        && tensors.stream().noneMatch(tensor -> tensor.role() == Role.WEIGHTS)) {
      tensors.add(new FittedTensor(TableRecipe.WEIGHTS, Role.WEIGHTS, List.of(), 0, Masked.NO));
    }
    FittedTransform unfitted = new FittedTransform(tensors, List.of(), recipe.window());
    if (recipe.classWeights().kind() != ClassWeights.Kind.NONE
        && RowExamples.classTensor(unfitted) < 0) {
      throw new IllegalArgumentException(
          "classWeights, but no labels are classes: leave them out, or name a label of classes");
    }
    return unfitted;
  }

  /**
   * The transform with its fitted numbers.
   *
   * @param numbers whether the fit holds numbers, beside counts of classes
   * @throws InvalidDataException if the training split has no value of a column
   */
  static FittedTransform fitted(
      FittedTransform unfitted, TableRecipe recipe, Fit fit, boolean numbers) throws IOException {
    List<FittedTensor> tensors = new ArrayList<>();
    for (int t = 0; t < unfitted.tensors().size(); t++) {
      FittedTensor tensor = unfitted.tensors().get(t);
      List<FittedColumn> columns = new ArrayList<>();
      for (int c = 0; c < tensor.columns().size(); c++) {
        FittedColumn column = tensor.columns().get(c);
        boolean features = tensor.role() == Role.FEATURES;
        MissingValues missing = features ? recipe.missing() : MissingValues.FAIL;
        columns.add(numbers ? fit.fitted(t, c, column, missing) : Fit.filled(column, missing));
      }
      tensors.add(
          new FittedTensor(
              tensor.tensor(), tensor.role(), columns, tensor.steps(), tensor.masked()));
    }
    return new FittedTransform(tensors, classWeights(unfitted, recipe, fit), unfitted.window());
  }

  private static List<Double> classWeights(FittedTransform unfitted, TableRecipe recipe, Fit fit) {
    ClassWeights weights = recipe.classWeights();
    if (weights.kind() == ClassWeights.Kind.NONE) {
      return List.of();
    }
    List<String> names =
        unfitted.tensors().get(RowExamples.classTensor(unfitted)).columns().get(0).categories();
    for (String given : weights.byClass().keySet()) {
      if (!names.contains(given)) {
        throw new IllegalArgumentException(
            "a weight is given for class %s, which is none of %s".formatted(given, names));
      }
    }
    List<Double> byIndex = new ArrayList<>();
    long total = 0;
    for (long count : fit.classCounts()) {
      total += count;
    }
    long present = Arrays.stream(fit.classCounts()).filter(count -> count > 0).count();
    for (int c = 0; c < names.size(); c++) {
      if (weights.kind() == ClassWeights.Kind.GIVEN) {
        byIndex.add(weights.byClass().getOrDefault(names.get(c), 1.0));
      } else {
        long count = fit.classCounts()[c];
        byIndex.add(count == 0 ? 0.0 : total / ((double) present * count));
      }
    }
    return byIndex;
  }
}
