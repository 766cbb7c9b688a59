package dev.lockstep.examples.descent;

import dev.lockstep.ps.optim.AdaGrad;
import dev.lockstep.ps.optim.Adam;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.Sgd;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** Optimizers to walk with; what is not the learning rate is the usual. */
enum Method {
  /** Down the gradient. */
  SGD(Sgd.DEFAULT::withLearningRate),
  /** The same with Polyak's momentum of 0.9. */
  MOMENTUM(rate -> Sgd.DEFAULT.withLearningRate(rate).withMomentum(0.9, Sgd.Form.CLASSIC)),
  /** The same with Nesterov's momentum of 0.9. */
  NESTEROV(rate -> Sgd.DEFAULT.withLearningRate(rate).withMomentum(0.9, Sgd.Form.NESTEROV)),
  /** AdaGrad. */
  ADAGRAD(AdaGrad.DEFAULT::withLearningRate),
  /** Adam. */
  ADAM(Adam.DEFAULT::withLearningRate);

  @SuppressWarnings("ImmutableEnumChecker") // The functions hold nothing.
  private final DoubleFunction<OptimizerSpec> atRate;

  Method(DoubleFunction<OptimizerSpec> atRate) {
    this.atRate = atRate;
  }

  OptimizerSpec at(double learningRate) {
    return atRate.apply(learningRate);
  }

  /** For legends. */
  String text(double learningRate) {
    return name().toLowerCase(Locale.ROOT) + ", rate " + learningRate;
  }
}
