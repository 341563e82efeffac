package dev.millrace.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a rate from the command line. */
final class RateOption implements ITypeConverter<Rate> {
    @Override
    public Rate convert(String value) {
        try {
            return Rate.parse(value);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }
}
