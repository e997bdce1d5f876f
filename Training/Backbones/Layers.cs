namespace OneFractal.Training;

/// <summary>Layers of several backbones: PyTorch's modules, with their parameters under the module's name.</summary>
internal static class Layers
{
    /// <summary><c>nn.Linear</c> over the last dimension, with biases of 0 unless <paramref name="bias"/> fills them.</summary>
    public static Value Linear(GraphBuilder g, Value x, string name, long outputs, FillParameter weight, FillParameter? bias = null)
    {
        using (g.Scope(name))
        {
            var matrix = g.Parameter("weight", [outputs, x.Length(-1)], weight);
            return g.Linear(x, matrix, g.Parameter("bias", [outputs], bias ?? Initializers.Zeros));
        }
    }

    /// <summary>Two linear layers with exact Gelu between, as wide after as before.</summary>
    public static Value Mlp(GraphBuilder g, Value x, string name, long hidden, FillParameter weight, FillParameter? bias = null)
    {
        using (g.Scope(name))
        {
            return Linear(g, g.Gelu(Linear(g, x, "fc1", hidden, weight, bias)), "fc2", x.Length(-1), weight, bias);
        }
    }

    /// <summary><c>nn.LayerNorm</c> over the last dimension.</summary>
    public static Value Norm(GraphBuilder g, Value x, string name, float epsilon)
    {
        using (g.Scope(name))
        {
            long[] shape = [x.Length(-1)];
            return g.LayerNormalization(x, g.Parameter("weight", shape, Initializers.Ones), g.Parameter("bias", shape, Initializers.Zeros), epsilon);
        }
    }

    /// <summary><c>nn.Conv2d</c> with a square kernel and a bias.</summary>
    public static Value Conv2d(
        GraphBuilder g, Value x, string name, long outputs, int kernel, FillParameter weight, FillParameter bias, int stride, int padding = 0, int groups = 1)
    {
        using (g.Scope(name))
        {
            var filters = g.Parameter("weight", [outputs, x.Length(1) / groups, kernel, kernel], weight);
            return g.Conv2d(x, filters, g.Parameter("bias", [outputs], bias), stride, padding, groups);
        }
    }

    /// <summary>[batch, channels, height, width] → [batch, height · width, channels].</summary>
    public static Value Tokens(GraphBuilder g, Value map)
    {
        return g.Transpose(g.Reshape(map, 0, map.Length(1), map.Length(2) * map.Length(3)), 0, 2, 1);
    }

    /// <summary>[batch, size · size, channels] → [batch, channels, size, size].</summary>
    public static Value Map(GraphBuilder g, Value tokens, long size)
    {
        return g.Reshape(g.Transpose(tokens, 0, 2, 1), 0, tokens.Length(2), size, size);
    }
}
