package dev.lockstep.trainer.plan;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.Division;
import dev.lockstep.ps.optim.AdaDelta;
import dev.lockstep.ps.optim.AdaGrad;
import dev.lockstep.ps.optim.AdaMax;
import dev.lockstep.ps.optim.Adam;
import dev.lockstep.ps.optim.AdamW;
import dev.lockstep.ps.optim.AmsGrad;
import dev.lockstep.ps.optim.BlockMomentum;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.Lamb;
import dev.lockstep.ps.optim.Lars;
import dev.lockstep.ps.optim.Lion;
import dev.lockstep.ps.optim.Nadam;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.RAdam;
import dev.lockstep.ps.optim.RmsProp;
import dev.lockstep.ps.optim.Sgd;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.schedule.Dl4jSchedule;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.ps.schedule.PyTorchSchedule;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.ScheduleSequence;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes update rules, schedules and clipping for a run's identity, as {@code adamw(rate=0.001,
 * beta1=0.9, …)}, under names that are frozen here: a class or component that is renamed keeps its
 * written name. A change of a name or of an order changes {@link RunIdentityFactory#FORMAT}.
 */
final class IdentityText {

  private record Names(String type, List<String> components) {}

  private static final Map<Class<?>, Names> RECORDS = new HashMap<>();
  private static final Map<Enum<?>, String> CONSTANTS = new HashMap<>();

  static {
    record(
        UpdateRule.class,
        "rule",
        "optimizer",
        "l1",
        "l2",
        "weightDecay",
        "weightDecayTimes",
        "divisor");
    constant(UpdateRule.WeightDecayScaling.BY_LEARNING_RATE, "rate");
    constant(UpdateRule.WeightDecayScaling.NONE, "1");
    constant(Division.BY_EXAMPLES, "examples");
    constant(Division.NONE, "1");

    record(OptimizerSpec.Assign.class, "average");
    record(BlockMomentum.class, "blockMomentum", "rate", "momentum");
    record(AdaDelta.class, "adadelta", "rate", "rho", "epsilon", "weightDecay");
    record(AdaGrad.class, "adagrad", "rate", "rateDecay", "initial", "epsilon", "weightDecay");
    record(AdaMax.class, "adamax", "rate", "beta1", "beta2", "epsilon", "weightDecay");
    record(Adam.class, "adam", "rate", "beta1", "beta2", "epsilon", "weightDecay");
    record(AdamW.class, "adamw", "rate", "beta1", "beta2", "epsilon", "weightDecay");
    record(AmsGrad.class, "amsgrad", "rate", "beta1", "beta2", "epsilon", "weightDecay");
    record(Lamb.class, "lamb", "rate", "beta1", "beta2", "epsilon", "weightDecay");
    record(Lars.class, "lars", "rate", "momentum", "weightDecay", "coefficient");
    record(Lion.class, "lion", "rate", "beta1", "beta2", "weightDecay");
    record(
        Nadam.class, "nadam", "rate", "beta1", "beta2", "epsilon", "weightDecay", "momentumDecay");
    record(RAdam.class, "radam", "rate", "beta1", "beta2", "epsilon", "weightDecay");
    record(RmsProp.class, "rmsprop", "rate", "alpha", "epsilon", "momentum", "form", "weightDecay");
    constant(RmsProp.Centering.NONE, "plain");
    constant(RmsProp.Centering.CENTERED, "centered");
    record(Sgd.class, "sgd", "rate", "momentum", "dampening", "form", "weightDecay");
    constant(Sgd.Form.CLASSIC, "classic");
    constant(Sgd.Form.NESTEROV, "nesterov");

    record(Dl4jOptimizer.Sgd.class, "dl4jSgd", "rate");
    record(Dl4jOptimizer.Nesterovs.class, "dl4jNesterovs", "rate", "momentum");
    record(Dl4jOptimizer.Adam.class, "dl4jAdam", "rate", "beta1", "beta2", "epsilon");
    record(Dl4jOptimizer.AmsGrad.class, "dl4jAmsGrad", "rate", "beta1", "beta2", "epsilon");
    record(Dl4jOptimizer.AdaMax.class, "dl4jAdaMax", "rate", "beta1", "beta2", "epsilon");
    record(Dl4jOptimizer.Nadam.class, "dl4jNadam", "rate", "beta1", "beta2", "epsilon");
    record(Dl4jOptimizer.AdaGrad.class, "dl4jAdaGrad", "rate", "epsilon");
    record(Dl4jOptimizer.RmsProp.class, "dl4jRmsProp", "rate", "decay", "epsilon");
    record(Dl4jOptimizer.AdaDelta.class, "dl4jAdaDelta", "rho", "epsilon");
    record(Dl4jOptimizer.NoOp.class, "dl4jNoOp");

    record(Schedule.Scaled.class, "scaled", "base", "factor");
    record(ScheduleSequence.class, "sequence", "parts");
    record(ScheduleSequence.Part.class, "from", "step", "epoch", "schedule");
    constant(Schedule.Clock.ITERATION, "step");
    constant(Schedule.Clock.EPOCH, "epoch");
    record(Dl4jSchedule.Exponential.class, "dl4jExponential", "by", "initial", "gamma");
    record(Dl4jSchedule.Inverse.class, "dl4jInverse", "by", "initial", "gamma", "power");
    record(Dl4jSchedule.Polynomial.class, "dl4jPoly", "by", "initial", "power", "end");
    record(Dl4jSchedule.Sigmoid.class, "dl4jSigmoid", "by", "initial", "gamma", "middle");
    record(Dl4jSchedule.Step.class, "dl4jStep", "by", "initial", "decay", "every");
    record(Dl4jSchedule.Table.class, "dl4jMap", "by", "values");
    record(
        Dl4jSchedule.Cycle.class,
        "dl4jCycle",
        "by",
        "initial",
        "max",
        "length",
        "annealing",
        "decay");
    record(Dl4jSchedule.Ramp.class, "dl4jRamp", "base", "steps");
    record(PyTorchSchedule.MultiStep.class, "multistep", "by", "initial", "gamma", "syncPoints");
    record(PyTorchSchedule.Cosine.class, "cosine", "by", "initial", "end", "length");
    record(
        PyTorchSchedule.CosineRestarts.class,
        "cosineRestarts",
        "by",
        "initial",
        "end",
        "first",
        "multiply");
    record(
        PyTorchSchedule.PolynomialDecay.class,
        "polynomial",
        "by",
        "initial",
        "end",
        "length",
        "power");
    record(
        PyTorchSchedule.Linear.class,
        "linear",
        "by",
        "initial",
        "startFactor",
        "endFactor",
        "length");
    record(
        PyTorchSchedule.OneCycle.class,
        "oneCycle",
        "by",
        "initial",
        "peak",
        "end",
        "length",
        "rise",
        "anneal");
    constant(PyTorchSchedule.OneCycle.Anneal.COS, "cosine");
    constant(PyTorchSchedule.OneCycle.Anneal.LINEAR, "linear");
    record(PyTorchSchedule.InverseSqrt.class, "inverseSqrt", "by", "peak", "warmUp");
    record(
        Plateau.class,
        "plateau",
        "metric",
        "factor",
        "patience",
        "threshold",
        "thresholdMode",
        "cooldown",
        "minScale");
    constant(Plateau.Metric.LOSS, "loss");
    constant(Plateau.Metric.ACCURACY, "accuracy");
    constant(Plateau.ThresholdMode.REL, "rel");
    constant(Plateau.ThresholdMode.ABS, "abs");

    record(Clipping.None.class, "none");
    record(Clipping.ByValue.class, "value", "max");
    record(Clipping.GlobalNorm.class, "norm", "max");
    record(Clipping.ByLayer.class, "layers", "of");
    record(Clipping.LayerNormalization.class, "layer", "index", "mode", "threshold");
    constant(Clipping.Mode.RENORMALIZE_L2_PER_LAYER, "renormalizeLayer");
    constant(Clipping.Mode.RENORMALIZE_L2_PER_PARAM_TYPE, "renormalizeBlock");
    constant(Clipping.Mode.CLIP_ELEMENT_WISE_ABSOLUTE_VALUE, "clipElement");
    constant(Clipping.Mode.CLIP_L2_PER_LAYER, "clipLayer");
    constant(Clipping.Mode.CLIP_L2_PER_PARAM_TYPE, "clipBlock");
  }

  private IdentityText() {}

  private static void record(Class<? extends Record> type, String name, String... components) {
    RECORDS.put(type, new Names(name, List.of(components)));
  }

  private static void constant(Enum<?> constant, String name) {
    CONSTANTS.put(constant, name);
  }

  /**
   * The text of a number, a constant, a list, a map or one of the records above.
   *
   * @throws IllegalStateException for what has no written name
   */
  static String of(Object value) {
    if (value instanceof Double number) {
      return number(number);
    }
    if (value instanceof Integer || value instanceof Long) {
      return value.toString();
    }
    if (value instanceof List<?> list) {
      return "[" + String.join(", ", list.stream().map(IdentityText::of).toList()) + "]";
    }
    if (value instanceof Map<?, ?> map) {
      List<String> entries = new ArrayList<>();
      map.forEach((key, one) -> entries.add(of(key) + ": " + of(one)));
      return "{" + String.join(", ", entries) + "}";
    }
    if (value instanceof Schedule.Fixed fixed) {
      return number(fixed.value());
    }
    return value instanceof Enum<?> constant ? constant(constant) : record(value);
  }

  private static String constant(Enum<?> constant) {
    String name = CONSTANTS.get(constant);
    if (name == null) {
      throw new IllegalStateException(
          constant.getDeclaringClass().getName() + "." + constant.name() + " has no written name");
    }
    return name;
  }

  private static String record(Object value) {
    Names names = RECORDS.get(value.getClass());
    RecordComponent[] components = value.getClass().getRecordComponents();
    if (names == null || names.components().size() != components.length) {
      throw new IllegalStateException(value.getClass().getName() + " has no written names");
    }
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < components.length; i++) {
      try {
        parts.add(names.components().get(i) + "=" + of(components[i].getAccessor().invoke(value)));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("cannot read " + components[i], e);
      }
    }
    return parts.isEmpty() ? names.type() : names.type() + "(" + String.join(", ", parts) + ")";
  }

  /** The fewest digits that give the number again. {@code Double.toString} depends on the JDK. */
  static String number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.toString(value);
    }
    BigDecimal exact = new BigDecimal(value);
    for (int digits = 1; digits < 17; digits++) {
      BigDecimal rounded = exact.round(new MathContext(digits));
      if (rounded.doubleValue() == value) {
        return text(rounded);
      }
    }
    return text(exact.round(new MathContext(17)));
  }

  private static String text(BigDecimal number) {
    return number.signum() == 0 ? "0" : number.stripTrailingZeros().toString();
  }

  /** Whether a record has written names, one for each component. */
  static boolean hasNames(Class<?> type) {
    Names names = RECORDS.get(type);
    return type == Schedule.Fixed.class
        || (names != null && names.components().size() == type.getRecordComponents().length);
  }
}
