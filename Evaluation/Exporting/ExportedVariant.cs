namespace OneFractal.Evaluation;

/// <summary>One precision of an exported model, beside float32.</summary>
/// <param name="Precision">The precision.</param>
/// <param name="IsWritten">Whether it was written, or only measured.</param>
/// <param name="Bytes">Size of the model, weights included.</param>
/// <param name="Agreement">What it gives beside float32, or null where nothing was compared.</param>
public sealed record ExportedVariant(ExportPrecision Precision, bool IsWritten, long Bytes, VariantAgreement? Agreement);
