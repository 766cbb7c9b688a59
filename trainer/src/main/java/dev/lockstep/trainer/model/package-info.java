/** Model definitions: DL4J configurations as text, the shapes they take, built-in models. */
package dev.lockstep.trainer.model;
