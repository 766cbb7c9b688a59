/** A seeded generator of handwritten-digit-like images. */
package dev.lockstep.examples.digits;
