using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using OneFractal.Evaluation;

namespace OneFractal.Tests.Evaluation;

/// <summary>A page in Chromium without a window, which tests talk to by Chrome's DevTools protocol.</summary>
internal sealed class DevTools : IDisposable
{
    private const string Announcement = "DevTools listening on ws://";
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60), Pause = TimeSpan.FromMilliseconds(50);

    private readonly Process _browser;
    private readonly ClientWebSocket _socket = new();
    private int _calls;

    /// <summary>Opens a page; where there is no Chromium, the test is inconclusive.</summary>
    public DevTools(TempFolder folder, string page)
    {
        if (Browser.Path is null)
        {
            Assert.Inconclusive("There is no Chromium: apt-get install chromium.");
        }

        var start = Browser.Command(page, folder["browser"], "--remote-debugging-port=0");
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        _browser = Process.Start(start)!;
        try
        {
            var announced = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _browser.ErrorDataReceived += (_, e) =>
            {
                if (e.Data?.StartsWith(Announcement, StringComparison.Ordinal) == true)
                {
                    announced.TrySetResult(e.Data[Announcement.Length..].Split('/')[0]);
                }
            };
            _browser.BeginOutputReadLine();
            _browser.BeginErrorReadLine();
            var host = announced.Task.WaitAsync(Longest).GetAwaiter().GetResult();
            _socket.ConnectAsync(new Uri(PageSocket(host)), CancellationToken.None).GetAwaiter().GetResult();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The value of an expression, of a promise what it gives.</summary>
    public JsonElement Evaluate(string expression)
    {
        using var limit = new CancellationTokenSource(Longest);
        var id = ++_calls;
        var call = JsonSerializer.SerializeToUtf8Bytes(
            new { id, method = "Runtime.evaluate", @params = new { expression, awaitPromise = true, returnByValue = true } });
        _socket.SendAsync(call, WebSocketMessageType.Text, endOfMessage: true, limit.Token).GetAwaiter().GetResult();
        while (true)
        {
            using var answer = JsonDocument.Parse(Receive(limit.Token));
            if (answer.RootElement.TryGetProperty("id", out var of) && of.GetInt32() == id)
            {
                Assert.IsTrue(answer.RootElement.TryGetProperty("result", out var result) && !result.TryGetProperty("exceptionDetails", out _), $"{answer.RootElement}");
                return result.GetProperty("result").TryGetProperty("value", out var value) ? value.Clone() : default;
            }
        }
    }

    /// <summary>Waits until an expression gives one of some strings; which.</summary>
    public string WaitFor(string expression, params string[] values)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Longest)
        {
            if (Evaluate(expression) is { ValueKind: JsonValueKind.String } value && values.Contains(value.GetString()))
            {
                return value.GetString()!;
            }

            Thread.Sleep(Pause);
        }

        throw new AssertFailedException($"{expression} did not become {string.Join(" or ", values)} within {Longest}.");
    }

    public void Dispose()
    {
        _socket.Dispose();
        _browser.Kill(entireProcessTree: true);
        _browser.WaitForExit();
        _browser.Dispose();
    }

    private static string PageSocket(string host)
    {
        using var client = new HttpClient();
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using var targets = JsonDocument.Parse(client.GetStringAsync(new Uri($"http://{host}/json/list")).GetAwaiter().GetResult());
            if (targets.RootElement.EnumerateArray().FirstOrDefault(t => t.GetProperty("type").GetString() == "page") is { ValueKind: JsonValueKind.Object } page)
            {
                return page.GetProperty("webSocketDebuggerUrl").GetString()!;
            }

            Assert.IsLessThan(Longest, clock.Elapsed, "Chromium has no page.");
            Thread.Sleep(Pause);
        }
    }

    private byte[] Receive(CancellationToken cancellation)
    {
        using var message = new MemoryStream();
        var buffer = new byte[1 << 16];
        WebSocketReceiveResult part;
        do
        {
            part = _socket.ReceiveAsync(buffer, cancellation).GetAwaiter().GetResult();
            Assert.AreNotEqual(WebSocketMessageType.Close, part.MessageType, "Chromium closed the page.");
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return message.ToArray();
    }
}
