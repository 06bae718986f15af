namespace LlamaStack.Testing;

/// <summary>The table of MLflow's routes; each API path exists twice, for clients and for the server's own pages.</summary>
internal sealed class MlflowRoutes
{
    private readonly RouteTable<Func<Call, MlflowAnswer>> _table = new();

    /// <param name="method">The HTTP method.</param>
    /// <param name="path">Below <c>/api/</c>, such as <c>3.0/mlflow/traces</c>.</param>
    /// <param name="handler">Called while the store is locked.</param>
    public void Map(string method, string path, Func<Call, MlflowAnswer> handler)
    {
        _table.Map(method, $"/api/{path}", handler);
        _table.Map(method, $"/ajax-api/{path}", handler);
    }

    /// <summary>A path outside the API. HEAD is answered like GET.</summary>
    public void MapPage(string path, Func<MlflowAnswer> page)
    {
        _table.Map("GET", path, _ => page());
        _table.Map("HEAD", path, _ => page());
    }

    /// <summary>The OTLP route answers no other method: for those, the path does not exist.</summary>
    public MlflowAnswer Answer(Call call, string path)
    {
        var match = _table.Find(call.Request.Method, path);
        return match.Handler is { } handler ? handler(call with { Values = match.Values })
            : match.Allowed.Count > 0 && path != "/v1/traces" ? MlflowAnswer.MethodNotAllowed()
            : MlflowAnswer.NotFound();
    }

    public void MapOtlp(Func<Call, MlflowAnswer> handler) => _table.Map("POST", "/v1/traces", handler);
}
