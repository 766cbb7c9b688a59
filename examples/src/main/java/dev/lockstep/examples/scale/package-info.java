/** More data, more executors, fewer bytes. */
package dev.lockstep.examples.scale;
