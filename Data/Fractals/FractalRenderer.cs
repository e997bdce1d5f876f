using System.Collections.Concurrent;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Draws systems exactly as the published 1p-frac generator does, bit for bit, up to <see cref="ChaosGame.Lanes"/> at a time; or, in the fast
/// mode, images of the same distribution. Thread-safe.
/// </summary>
/// <remarks>
/// What bounds it, for 100,000 points at 512 pixels: the chaos game is played twice (for the bounds, then for the points) and costs
/// the latency of a step, shared by eight images; pasting costs three reads and writes a point in the first-level cache;
/// the masks cost a Mersenne twister draw a point. <c>bench synth</c> measures the whole.
/// </remarks>
internal sealed class FractalRenderer
{
    private const int BlockPoints = 4096;
    private const ushort FullMask = 511;
    private readonly ConcurrentBag<Workspace> _workspaces = [];

    public FractalRenderer(RenderSettings settings)
    {
        settings.Validate();
        Settings = settings;
    }

    public RenderSettings Settings { get; }

    /// <summary>Pixels of one image: size × size, one byte each, row by row.</summary>
    public int PixelCount => Settings.Size * Settings.Size;

    /// <summary>
    /// Draws <paramref name="system"/> into <paramref name="image"/> (grey 127 on black) and returns the number of lit pixels;
    /// 0 when the points run off to infinity or fall together, which leaves the image black. Masks come from <paramref name="random"/>.
    /// </summary>
    public int Render(IteratedFunctionSystem system, MapSequence sequence, PythonRandom random, Span<byte> image)
    {
        var workspace = Rent();
        var game = PlayAlone(system, sequence, workspace);
        Place(game, workspace);
        var lit = Plot(workspace, 0, game.Bounds.IsUsable(0), random, image);
        _workspaces.Add(workspace);
        return lit;
    }

    /// <summary>
    /// Draws several systems, one into each of <paramref name="images"/>, as <see cref="Render"/> does, and writes their lit pixels
    /// to <paramref name="lit"/>. They have as many maps and take them in the same sequence.
    /// </summary>
    public void RenderMany(
        ReadOnlySpan<IteratedFunctionSystem> systems, MapSequence sequence, ReadOnlySpan<PythonRandom> randoms,
        ReadOnlySpan<Memory<byte>> images, Span<int> lit)
    {
        if (Settings.Generator == RenderGenerator.Fast)
        {
            for (var i = 0; i < systems.Length; i++)
            {
                lit[i] = Render(systems[i], sequence, randoms[i], images[i].Span);
            }

            return;
        }

        var workspace = Rent();
        for (var first = 0; first < systems.Length; first += ChaosGame.Lanes)
        {
            var count = Math.Min(ChaosGame.Lanes, systems.Length - first);
            var game = new ChaosGame(systems.Slice(first, count), sequence);
            Place(game, workspace);
            for (var lane = 0; lane < count; lane++)
            {
                lit[first + lane] = Plot(workspace, lane, game.Bounds.IsUsable(lane), randoms[first + lane], images[first + lane].Span);
            }
        }

        _workspaces.Add(workspace);
    }

    private StoredChaosGame PlayAlone(IteratedFunctionSystem system, MapSequence sequence, Workspace workspace)
    {
        if (Settings.Generator == RenderGenerator.Fast && system.Maps.Length <= WalkerGame.MaximumMaps)
        {
            WalkerGame.Play(system, sequence, workspace.Xs, workspace.Ys);
        }
        else
        {
            StoredChaosGame.PlayPublished(system, sequence, workspace.Xs, workspace.Ys);
        }

        return new StoredChaosGame(workspace.Xs, workspace.Ys);
    }

    private void Place(IChaosGame game, Workspace workspace)
    {
        var canvas = workspace.Canvas;
        // The published code pastes a point's patch one pixel to the right of it and one below.
        var origin = canvas.Origin + canvas.RowLength + 1;
        var mapper = new PlaceMapper(game.Bounds, Settings.Size - 2 * Settings.Pad, Settings.Pad, canvas.RowLength, origin);
        game.Place(mapper, workspace.Places, workspace.Rounded);
    }

    private int Plot(Workspace workspace, int lane, bool usable, PythonRandom random, Span<byte> image)
    {
        image = image[..PixelCount];
        image.Clear();
        var places = workspace.Places.AsSpan(lane * workspace.Rounded, Settings.Points);
        var seed = Settings.Generator == RenderGenerator.Fast ? random.NextUInt32() : 0;
        for (var first = 0; first < places.Length; first += BlockPoints)
        {
            var block = places.Slice(first, Math.Min(BlockPoints, places.Length - first));
            var masks = workspace.Masks.AsSpan(0, block.Length);
            if (Settings.Mask == MaskMode.Random && Settings.Generator == RenderGenerator.Fast)
            {
                HashMasks.Fill(masks, seed, (uint)first);
            }
            else if (Settings.Mask == MaskMode.Random)
            {
                // Drawn even when nothing is, because the published code draws them before it looks.
                random.FillMasks(masks);
            }

            if (usable)
            {
                workspace.Canvas.Paste(block, masks);
                if (workspace.Canvas.Room < BlockPoints)
                {
                    workspace.Canvas.Flatten(image);
                }
            }
        }

        workspace.Canvas.Flatten(image);
        return image.Length - image.Count((byte)0);
    }

    private Workspace Rent() => _workspaces.TryTake(out var workspace) ? workspace : new Workspace(Settings);

    /// <summary>What one thread needs to draw.</summary>
    private sealed class Workspace
    {
        public Workspace(RenderSettings settings)
        {
            Canvas = new PatchCanvas(settings.Size);
            Rounded = (settings.Points + ChaosGame.Lanes - 1) / ChaosGame.Lanes * ChaosGame.Lanes;
            Places = GC.AllocateUninitializedArray<int>(Rounded * ChaosGame.Lanes);
            Xs = GC.AllocateUninitializedArray<double>(Rounded);
            Ys = GC.AllocateUninitializedArray<double>(Rounded);
            Masks = new ushort[BlockPoints];
            Array.Fill(Masks, FullMask);
        }

        /// <summary>The number of points, rounded up to whole vectors.</summary>
        public int Rounded { get; }

        public PatchCanvas Canvas { get; }

        public int[] Places { get; }

        public double[] Xs { get; }

        public double[] Ys { get; }

        /// <summary>Full masks until random ones are drawn.</summary>
        public ushort[] Masks { get; }
    }
}
