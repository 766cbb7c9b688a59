/** Networks that learn to read digits: drawn ones, or those of IDX files. */
package dev.lockstep.examples.mnist;
