/** Faults between Millrace and its database, at named statements, without a hook in the product. */
package dev.millrace.faults;
