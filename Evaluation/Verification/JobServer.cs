using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OneFractal.Evaluation;

/// <summary>
/// Serves a job to a page on this machine and takes what the page sends back. Only who knows the random path gets anything, and nothing but the files
/// of the job.
/// </summary>
internal sealed partial class JobServer : IDisposable
{
    private const string PageName = "web.html", ScriptName = "run-job.mjs", DataListName = "data.json", RuntimePrefix = "ort/", DataPrefix = "data/";
    private const int FirstPort = 20_000, LastPort = 60_000, Tries = 100;
    private readonly HttpListener _listener;
    private readonly RuntimeFolder _folder;
    private readonly string _model;
    private readonly IReadOnlyList<string> _data;
    private readonly string _runtime;
    private readonly string _path = $"/{Guid.NewGuid():N}/";

    /// <param name="folder">The job.</param>
    /// <param name="model">The model's file.</param>
    /// <param name="data">The files in its folder that hold its weights.</param>
    /// <param name="runtime">The folder of onnxruntime-web's files.</param>
    public JobServer(RuntimeFolder folder, string model, IReadOnlyList<string> data, string runtime)
    {
        (_folder, _model, _data, _runtime) = (folder, model, data, runtime);
        (_listener, var prefix) = Listen();
        Page = prefix + PageName;
        _ = ServeAsync();
    }

    /// <summary>Address of the page that does the job.</summary>
    public string Page { get; }

    public void Dispose() => _listener.Close();

    private (HttpListener Listener, string Prefix) Listen()
    {
        for (var attempt = 0; ; attempt++)
        {
            var listener = new HttpListener();
            var prefix = $"http://127.0.0.1:{Random.Shared.Next(FirstPort, LastPort)}{_path}";
            listener.Prefixes.Add(prefix);
            try
            {
                listener.Start();
                return (listener, prefix);
            }
            catch (HttpListenerException e)
            {
                // The port is taken; another may not be.
                listener.Close();
                if (attempt == Tries)
                {
                    throw new OneFractalException($"No port of this machine can be listened on ({e.Message}).", e);
                }
            }
        }
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerResponse? response = null;
            try
            {
                var context = await _listener.GetContextAsync();
                response = context.Response;
                try
                {
                    await AnswerAsync(context);
                }
                catch (Exception e) when (e is OneFractalException or IOException or UnauthorizedAccessException)
                {
                    // An answer that merely ends would be an empty file to the page.
                    response.StatusCode = (int)HttpStatusCode.InternalServerError;
                    await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(e.Message));
                }

                // Not disposed of: that also cuts the connection, and now and then the next request on it, which then gets an empty answer.
                response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException or IOException)
            {
                // The listener was closed, or the browser broke off.
                response?.Abort();
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var response = context.Response;
        var name = context.Request.Url!.AbsolutePath[_path.Length..];
        if (context.Request.HttpMethod == "POST" && ResultName().IsMatch(name))
        {
            // Whole or not at all: the result's file says that everything is there.
            AtomicFile.Write(_folder.At(name), context.Request.InputStream.CopyTo, flushToDisk: false);
            return;
        }

        var (type, content) = Find(name);
        if (content is null)
        {
            response.StatusCode = (int)HttpStatusCode.NotFound;
            return;
        }

        await using (content)
        {
            response.ContentType = type;
            response.ContentLength64 = content.Length;
            await content.CopyToAsync(response.OutputStream);
        }
    }

    private (string Type, Stream? Content) Find(string name)
    {
        var type = Path.GetExtension(name) switch
        {
            ".html" => "text/html",
            ".js" or ".mjs" => "text/javascript",
            ".wasm" => "application/wasm",
            _ => "application/octet-stream",
        };
        var file = name switch
        {
            "model" => _model,
            _ when DataName().IsMatch(name) && int.TryParse(name[DataPrefix.Length..], CultureInfo.InvariantCulture, out var index) && index < _data.Count
                => Path.Combine(Path.GetDirectoryName(_model)!, _data[index]),
            _ when name.StartsWith(RuntimePrefix, StringComparison.Ordinal) && RuntimeName().IsMatch(name[RuntimePrefix.Length..]) => Path.Combine(_runtime, name[RuntimePrefix.Length..]),
            _ when InputName().IsMatch(name) => _folder.At(name),
            _ => null,
        };
        return name is PageName or ScriptName ? (type, new MemoryStream(NodePackages.Resource(name)))
            : name == DataListName ? (type, new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(_data)))
            : File.Exists(file) ? (type, File.OpenRead(file))
            : (type, null);
    }

    [GeneratedRegex(@"^(out-\d+\.bin|result\.json)$")]
    private static partial Regex ResultName();

    [GeneratedRegex(@"^(in-\d+-\d+\.bin|job\.json)$")]
    private static partial Regex InputName();

    [GeneratedRegex(@"^data/\d+$")]
    private static partial Regex DataName();

    [GeneratedRegex(@"^[\w-][\w.-]*$")]
    private static partial Regex RuntimeName();
}
