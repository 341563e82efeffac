/** Classes that break the rules on purpose, laid out like the main code: they show that the rules can fail. */
package dev.millrace.rules.bad;
