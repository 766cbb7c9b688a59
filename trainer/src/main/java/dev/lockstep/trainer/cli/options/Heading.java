package dev.lockstep.trainer.cli.options;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Member;
import picocli.CommandLine.Model.OptionSpec;

/** Headings of a command's help, in their order; most are sections of the configuration too. */
public enum Heading {
  DATA("Data"),
  COLUMNS("Columns"),
  ORDER("Order"),
  MODEL("Model"),
  OPTIMIZATION("Optimization"),
  MODE("Mode"),
  CHECKPOINTS("Checkpoints and recovery"),
  CLUSTER("Cluster"),
  OUTPUT("Output"),
  OTHER("Other");

  /** The heading of an option, or of all options of a class that say nothing else. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.TYPE, ElementType.FIELD, ElementType.METHOD})
  public @interface Under {
    Heading value();
  }

  /** An option that {@code --help} lists; {@code --help-all} lists every option. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD})
  public @interface Common {}

  public final String title;

  Heading(String title) {
    this.title = title;
  }

  public static Heading of(OptionSpec option) {
    if (!(option.userObject() instanceof Member member)) {
      return OTHER;
    }
    Under own = ((AnnotatedElement) member).getAnnotation(Under.class);
    Under ofAll = member.getDeclaringClass().getAnnotation(Under.class);
    return own != null ? own.value() : ofAll != null ? ofAll.value() : OTHER;
  }

  public static boolean isCommon(OptionSpec option) {
    return of(option) == OTHER
        || ((AnnotatedElement) option.userObject()).isAnnotationPresent(Common.class);
  }
}
