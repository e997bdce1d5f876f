using System.Globalization;
using Spectre.Console;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Refuses numbers below a minimum, and NaN.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AtLeastAttribute(double minimum) : ParameterValidationAttribute("")
{
    /// <inheritdoc />
    public override ValidationResult Validate(CommandParameterContext context)
    {
        return context.Value is null || Convert.ToDouble(context.Value, CultureInfo.InvariantCulture) >= minimum
            ? ValidationResult.Success()
            : ValidationResult.Error(string.Create(
                CultureInfo.InvariantCulture, $"--{Kebab(context.Parameter.PropertyName)} is {context.Value}, and must be at least {minimum}"));
    }

    // Options are named after their properties.
    private static string Kebab(string property)
    {
        return string.Concat(property.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
    }
}
