package dev.lockstep.trainer.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Generates the builder of a section, and its {@code with…} methods where it implements them. */
@RecordBuilder.Template(options = @RecordBuilder.Options(addFunctionalMethodsToWith = false))
@Retention(RetentionPolicy.SOURCE)
@Target(ElementType.TYPE)
@interface ConfigSection {}
