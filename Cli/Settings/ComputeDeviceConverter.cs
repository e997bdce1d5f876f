using System.ComponentModel;
using System.Globalization;

namespace OneFractal.Cli.Settings;

/// <summary>Reads <c>auto|cpu|cuda[:n]</c> from the command line.</summary>
internal sealed class ComputeDeviceConverter : TypeConverter
{
    /// <inheritdoc />
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string);

    /// <inheritdoc />
    public override object ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
    {
        return ComputeDevice.Parse((string)value);
    }
}
