/** The byte layout of each message. */
package dev.lockstep.ps.transport.message;
