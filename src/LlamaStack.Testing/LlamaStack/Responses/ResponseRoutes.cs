using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary><c>/v1/responses</c>: create, fetch, delete. Stored responses live as long as the server.</summary>
internal sealed class ResponseRoutes(ModelCatalog models, EventStream streams, TimeProvider time)
{
    private const string Stumble = "An unexpected error occurred while generating the response.";
    private readonly ConcurrentDictionary<string, StoredResponse> _stored = new();

    public void Map(RouteTable<Func<Call, Task>> routes)
    {
        routes.Map("POST", "/v1/responses", CreateAsync);
        routes.Map("GET", "/v1/responses/{}", call => call.WriteJsonAsync(JsonNode.Parse(Find(call.Values[0]).Json)!));
        routes.Map("DELETE", "/v1/responses/{}", DeleteAsync);
    }

    private Task CreateAsync(Call call)
    {
        var request = ResponseRequest.Read(call);
        if (request.PreviousResponseId is not { } previous)
        {
            return AnswerAsync(call, request, []);
        }

        return request.Stream && !_stored.ContainsKey(previous)
            ? streams.WriteAsync(call, [ResponseEvents.Error(NotFound(previous).Message, 1)])
            : AnswerAsync(call, request, Find(previous).Messages);
    }

    private Task AnswerAsync(Call call, ResponseRequest request, IReadOnlyList<CannedMessage> before)
    {
        var prompt = request.Prompt(before);
        var draft = new ResponseDraft(request, CannedModel.Answer(prompt), time);
        var model = models.Find(request.Model);
        if (model is null)
        {
            var unknown = LlamaStackError.ModelNotFound(request.Model).Message;
            return request.Stream
                ? streams.WriteAsync(call, new ResponseEvents(draft).Refused(unknown))
                : throw LlamaStackError.Detail(StatusCodes.Status404NotFound, unknown);
        }

        // The real server stumbles over an embedding model and over an empty list, and says no more than this.
        if (model.Type != LlamaStackTestModelType.Chat || request.Input.Count == 0)
        {
            return request.Stream
                ? streams.WriteAsync(call, new ResponseEvents(draft).Failed(Stumble))
                : throw LlamaStackError.Detail(StatusCodes.Status500InternalServerError, Stumble);
        }

        if (request.Store)
        {
            _stored[draft.Id] = new StoredResponse(PythonJson.Compact(draft.Finished()), [.. before, .. request.Input, .. Spoken(draft.Answer)]);
        }

        return request.Stream
            ? streams.WriteAsync(call, new ResponseEvents(draft).All())
            : call.WriteJsonAsync(request.Background ? draft.Queued() : draft.Finished());
    }

    private Task DeleteAsync(Call call)
    {
        var id = call.Values[0];
        Find(id);
        _stored.TryRemove(id, out _);
        return call.WriteJsonAsync(new JsonObject { ["id"] = id, ["object"] = "response", ["deleted"] = true });
    }

    private StoredResponse Find(string id) => _stored.TryGetValue(id, out var response) ? response : throw NotFound(id);

    private static LlamaStackError NotFound(string id) =>
        LlamaStackError.Detail(StatusCodes.Status404NotFound, $"Response '{id}' not found. Use 'client.responses.list()' to list available Responses.");

    private static IEnumerable<CannedMessage> Spoken(CannedAnswer answer) => answer.Calls.Count == 0
        ? [new CannedMessage("assistant", answer.Text ?? "")]
        : answer.Calls.Select(static call => new CannedMessage("assistant", "", call.Name) { CallId = call.Id });

    private sealed record StoredResponse(string Json, IReadOnlyList<CannedMessage> Messages);
}
