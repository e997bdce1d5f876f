using System.Net;
using System.Net.Sockets;

namespace OneFractal.Tests.Evaluation;

/// <summary>Serves the files of a folder on this machine, as any static web server does.</summary>
internal sealed class StaticServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _folder;

    public StaticServer(string folder)
    {
        _folder = folder;
        Address = $"http://127.0.0.1:{FreePort()}/";
        _listener.Prefixes.Add(Address);
        _listener.Start();
        _ = ServeAsync();
    }

    /// <summary>The address of the folder.</summary>
    public string Address { get; }

    public void Dispose() => _listener.Close();

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var response = context.Response;
                var file = Path.Combine(_folder, context.Request.Url!.AbsolutePath[1..]);
                if (!File.Exists(file))
                {
                    response.StatusCode = (int)HttpStatusCode.NotFound;
                    continue;
                }

                response.ContentType = Path.GetExtension(file) switch { ".html" => "text/html", ".js" => "text/javascript", ".json" => "application/json", _ => "application/octet-stream" };
                var bytes = await File.ReadAllBytesAsync(file);
                response.ContentLength64 = bytes.Length;
                await response.OutputStream.WriteAsync(bytes);
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The listener was closed.
        }
    }
}
