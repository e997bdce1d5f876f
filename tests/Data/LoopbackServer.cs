using System.Net;

namespace OneFractal.Tests.Data;

/// <summary>A web server on this machine that serves one file, with ranges, and can break off.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly byte[] _content;
    private int _breakAfter;

    /// <param name="content">The file.</param>
    /// <param name="breakAfter">Bytes after which the first answer breaks off; 0 for never.</param>
    public LoopbackServer(byte[] content, int breakAfter = 0)
    {
        (_content, _breakAfter) = (content, breakAfter);
        for (var port = Random.Shared.Next(20_000, 60_000); !_listener.IsListening; port++)
        {
            Prefix = $"http://127.0.0.1:{port}/";
            _listener.Prefixes.Clear();
            _listener.Prefixes.Add(Prefix);
            try
            {
                _listener.Start();
            }
            catch (HttpListenerException)
            {
                // The port is taken; the next one may not be.
            }
        }

        _ = ServeAsync();
    }

    public string Prefix { get; private set; } = "";

    /// <summary>The first byte that each request asked for.</summary>
    public List<long> Starts { get; } = [];

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            await AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var range = context.Request.Headers["Range"];
        var start = range is null ? 0 : long.Parse(range["bytes=".Length..].TrimEnd('-'));
        Starts.Add(start);
        var response = context.Response;
        if (start >= _content.Length)
        {
            response.StatusCode = 416;
            response.Close();
            return;
        }

        if (range is not null)
        {
            response.StatusCode = 206;
            response.Headers["Content-Range"] = $"bytes {start}-{_content.Length - 1}/{_content.Length}";
        }

        response.ContentLength64 = _content.Length - start;
        try
        {
            if (_breakAfter > 0)
            {
                await response.OutputStream.WriteAsync(_content.AsMemory((int)start, _breakAfter));
                _breakAfter = 0;
                await response.OutputStream.FlushAsync();
                response.Abort();
                return;
            }

            await response.OutputStream.WriteAsync(_content.AsMemory((int)start));
            response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The client went away.
        }
    }
}
