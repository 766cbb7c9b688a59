/** What the user asks for, validated, and its JSON form. */
package dev.lockstep.trainer.config;
