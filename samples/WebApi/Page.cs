namespace WebApi;

/// <summary><c>GET /</c>: a page with a chat and the last traces.</summary>
internal static class Page
{
    public static IResult Show() =>
        TypedResults.Stream(typeof(Page).Assembly.GetManifestResourceStream("index.html")!, "text/html; charset=utf-8");
}
