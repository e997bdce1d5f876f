namespace OneFractal.Data.Fractals;

/// <summary>One or several games, played to the end, whose points can be placed on a canvas.</summary>
internal interface IChaosGame
{
    /// <summary>The rectangle around the points, in each lane.</summary>
    PointBounds Bounds { get; }

    /// <summary>
    /// Writes the place of every point of every game. Call it once. The length of <paramref name="places"/> is the number of games times
    /// <paramref name="distance"/>, where the places of the second game begin.
    /// </summary>
    void Place(in PlaceMapper mapper, Span<int> places, int distance);
}
