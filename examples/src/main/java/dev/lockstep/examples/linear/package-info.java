/** Models of one variable: straight lines and curves. */
package dev.lockstep.examples.linear;
