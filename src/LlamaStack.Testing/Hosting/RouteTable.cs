namespace LlamaStack.Testing;

/// <summary>Routes as the real servers see them: case counts, and a slash at the end is another path.</summary>
internal sealed class RouteTable<THandler>
    where THandler : class
{
    private readonly List<Route> _routes = [];

    /// <summary>Adds a route; <c>{}</c> in the pattern stands for one segment, <c>{*}</c> at its end for the rest.</summary>
    public void Map(string method, string pattern, THandler handler) => _routes.Add(new Route(method, pattern.Split('/'), handler));

    public RouteMatch<THandler> Find(string method, string path)
    {
        var segments = path.Split('/');
        var allowed = new List<string>();
        foreach (var route in _routes)
        {
            if (Capture(route.Pattern, segments) is not { } values)
            {
                continue;
            }

            if (route.Method == method)
            {
                return new RouteMatch<THandler>(route.Handler, values, []);
            }

            allowed.Add(route.Method);
        }

        return new RouteMatch<THandler>(null, [], allowed);
    }

    private static List<string>? Capture(string[] pattern, string[] segments)
    {
        var values = new List<string>();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == "{*}" && i < segments.Length)
            {
                values.Add(Uri.UnescapeDataString(string.Join('/', segments[i..])));
                return values;
            }

            if (i == segments.Length || (pattern[i] != "{}" && pattern[i] != segments[i]) || (pattern[i] == "{}" && segments[i].Length == 0))
            {
                return null;
            }

            if (pattern[i] == "{}")
            {
                values.Add(Uri.UnescapeDataString(segments[i]));
            }
        }

        return pattern.Length == segments.Length ? values : null;
    }

    private sealed record Route(string Method, string[] Pattern, THandler Handler);
}
