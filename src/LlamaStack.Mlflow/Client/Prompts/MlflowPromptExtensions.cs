using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The prompt registry, and which trace has used what of it.</summary>
public static class MlflowPromptExtensions
{
    private const string Models = "api/2.0/mlflow/registered-models";
    private const string Versions = "api/2.0/mlflow/model-versions";
    private const string Scheme = "prompts:/";
    private const string OnlyPrompts = $"tags.`{MlflowAttributes.Prompt.IsPrompt}` = 'true'";
    private const int MaxTemplateLength = 100_000;
    private const int PageSize = 100;

    /// <summary>Registers a version of a prompt, and the prompt with its first one.</summary>
    /// <param name="client">The client.</param>
    /// <param name="version">The version.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The version as it is kept, with its number.</returns>
    /// <exception cref="ArgumentException">Text and messages are both set, or neither; a text that is too long; a tag that MLflow keeps for itself.</exception>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has a model of that name.</exception>
    /// <remarks>Source: <c>POST /api/2.0/mlflow/registered-models/create</c> and <c>…/model-versions/create</c>.</remarks>
    public static async Task<MlflowPromptVersion> RegisterPromptAsync(this MlflowClient client, MlflowNewPromptVersion version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(version);
        ArgumentException.ThrowIfNullOrWhiteSpace(version.Name, nameof(version));
        var tags = TagsOf(version);
        await EnsurePromptAsync(client, version.Name, cancellationToken).ConfigureAwait(false);
        var answer = await client.Server.PostAsync(
            $"{Versions}/create",
            new CreatePromptVersion(version.Name, version.CommitMessage, tags),
            MlflowJsonContext.Default.CreatePromptVersion,
            MlflowJsonContext.Default.PromptVersionAnswer,
            cancellationToken).ConfigureAwait(false);
        return answer.Version ?? throw new MlflowException($"MLflow at {client.Server.Address} answered without the prompt.");
    }

    /// <summary>Loads a prompt by its name (the latest version) or by its address. Within a trace it is linked to it, as in Python.</summary>
    /// <param name="client">The client.</param>
    /// <param name="nameOrUri">For instance <c>greeting</c>, <c>prompts:/greeting/3</c> or <c>prompts:/greeting@production</c>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The version.</returns>
    /// <exception cref="ArgumentException">An address that names no version and no alias.</exception>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such prompt, version or alias (404).</exception>
    public static async Task<MlflowPromptVersion> LoadPromptAsync(this MlflowClient client, string nameOrUri, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrWhiteSpace(nameOrUri);
        var path = nameOrUri.StartsWith(Scheme, StringComparison.Ordinal) ? nameOrUri[Scheme.Length..].TrimStart('/') : $"{nameOrUri}@latest";
        var (name, reference) = Split(path);
        var found = path[name.Length] == '@'
            ? await client.GetPromptByAliasAsync(name, reference, cancellationToken).ConfigureAwait(false)
            : int.TryParse(reference, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                ? await client.GetPromptVersionAsync(name, version, cancellationToken).ConfigureAwait(false)
                : throw new ArgumentException($"\"{nameOrUri}\" names no version: write {Scheme}{name}/3, or {Scheme}{name}@alias.", nameof(nameOrUri));
        var prompt = found ?? throw new MlflowException($"MLflow at {client.Server.Address} has no prompt {Scheme}{path}.", HttpStatusCode.NotFound, MlflowConnection.DoesNotExist);
        LlamaStackTrace.LinkPrompt(prompt.Name, prompt.Version);
        return prompt;
    }

    /// <summary>Asks for a version of a prompt by its number.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">The prompt's name.</param>
    /// <param name="version">The version's number, from 1.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The version, or null where there is none.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/2.0/mlflow/model-versions/get</c>.</remarks>
    public static async Task<MlflowPromptVersion?> GetPromptVersionAsync(this MlflowClient client, string name, int version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        var path = string.Create(CultureInfo.InvariantCulture, $"{Versions}/get?name={Uri.EscapeDataString(name)}&version={version}");
        return (await client.Server.FindAsync(path, MlflowJsonContext.Default.PromptVersionAnswer, cancellationToken).ConfigureAwait(false))?.Version;
    }

    /// <summary>Asks for the version of a prompt that an alias points to.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">The prompt's name.</param>
    /// <param name="alias">The alias; <c>latest</c> points to the newest version by itself.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The version, or null where there is no such prompt or alias.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/2.0/mlflow/registered-models/alias</c>.</remarks>
    public static async Task<MlflowPromptVersion?> GetPromptByAliasAsync(this MlflowClient client, string name, string alias, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        CheckAlias(name, alias);
        try
        {
            var path = $"{Models}/alias?name={Uri.EscapeDataString(name)}&alias={Uri.EscapeDataString(alias)}";
            return (await client.Server.FindAsync(path, MlflowJsonContext.Default.PromptVersionAnswer, cancellationToken).ConfigureAwait(false))?.Version;
        }
        catch (MlflowException e) when (e.StatusCode is HttpStatusCode.BadRequest && e.Message.EndsWith("not found.", StringComparison.Ordinal))
        {
            // An alias that is missing is called a wrong parameter.
            return null;
        }
    }

    /// <summary>Points an alias to a version of a prompt; it points there alone.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">The prompt's name.</param>
    /// <param name="alias">The alias, for instance <c>production</c>.</param>
    /// <param name="version">The version's number.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such version (404).</exception>
    /// <remarks>Source: <c>POST /api/2.0/mlflow/registered-models/alias</c>.</remarks>
    public static Task SetPromptAliasAsync(this MlflowClient client, string name, string alias, int version, CancellationToken cancellationToken = default) =>
        SendAliasAsync(client, HttpMethod.Post, name, alias, version.ToString(CultureInfo.InvariantCulture), cancellationToken);

    /// <summary>Takes an alias of a prompt away; one that is not there is no error.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">The prompt's name.</param>
    /// <param name="alias">The alias.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such prompt (404).</exception>
    /// <remarks>Source: <c>DELETE /api/2.0/mlflow/registered-models/alias</c>.</remarks>
    public static Task DeletePromptAliasAsync(this MlflowClient client, string name, string alias, CancellationToken cancellationToken = default) =>
        SendAliasAsync(client, HttpMethod.Delete, name, alias, null, cancellationToken);

    /// <summary>Searches the prompts of the registry, page after page as they are read.</summary>
    /// <param name="client">The client.</param>
    /// <param name="filter">A further condition in MLflow's own words, for example <c>name LIKE 'support-%'</c>; null for all.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>The prompts, by name.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/2.0/mlflow/registered-models/search</c>.</remarks>
    public static async IAsyncEnumerable<MlflowPrompt> SearchPromptsAsync(
        this MlflowClient client, string? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        string? page = null;
        do
        {
            var found = await client.Server.GetAsync(
                SearchPath(Models, string.IsNullOrWhiteSpace(filter) ? OnlyPrompts : $"{OnlyPrompts} AND {filter}", page), MlflowJsonContext.Default.FoundPrompts, cancellationToken).ConfigureAwait(false);
            foreach (var prompt in found.Prompts ?? [])
            {
                yield return prompt;
            }

            page = found.NextPageToken;
        }
        while (!string.IsNullOrEmpty(page));
    }

    /// <summary>Goes through the versions of a prompt, the newest first.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">The prompt's name.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>The versions; none where there is no such prompt.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/2.0/mlflow/model-versions/search</c>.</remarks>
    public static async IAsyncEnumerable<MlflowPromptVersion> SearchPromptVersionsAsync(
        this MlflowClient client, string name, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.Contains('\'', StringComparison.Ordinal))
        {
            throw new ArgumentException($"MLflow cannot search for a name with a quote in it: {name}", nameof(name));
        }

        string? page = null;
        do
        {
            var path = $"{SearchPath(Versions, $"name = '{name}' AND {OnlyPrompts}", page)}&order_by={Uri.EscapeDataString("version_number DESC")}";
            var found = await client.Server.GetAsync(path, MlflowJsonContext.Default.FoundPromptVersions, cancellationToken).ConfigureAwait(false);
            foreach (var version in found.Versions ?? [])
            {
                yield return version;
            }

            page = found.NextPageToken;
        }
        while (!string.IsNullOrEmpty(page));
    }

    /// <summary>Says that a trace has used a version of a prompt; the filter <c>prompt = 'name/3'</c> finds it then.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id; the trace must have arrived.</param>
    /// <param name="name">The prompt's name; the server does not look whether there is one.</param>
    /// <param name="version">The version's number.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such trace (404).</exception>
    /// <remarks>Source: <c>POST /api/2.0/mlflow/traces/link-prompts</c>.</remarks>
    public static Task LinkPromptToTraceAsync(this MlflowClient client, string traceId, string name, int version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(traceId);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        return client.LinkPromptsAsync(traceId, [new LinkedPrompt(name, version.ToString(CultureInfo.InvariantCulture))], cancellationToken);
    }

    internal static Task LinkPromptsAsync(this MlflowClient client, string traceId, IReadOnlyList<LinkedPrompt> prompts, CancellationToken cancellationToken) =>
        client.Server.SendAsync(HttpMethod.Post, "api/2.0/mlflow/traces/link-prompts", new LinkPrompts(traceId, prompts), MlflowJsonContext.Default.LinkPrompts, cancellationToken);

    private static async Task EnsurePromptAsync(MlflowClient client, string name, CancellationToken cancellationToken)
    {
        var known = await client.Server.FindAsync($"{Models}/get?name={Uri.EscapeDataString(name)}", MlflowJsonContext.Default.PromptAnswer, cancellationToken).ConfigureAwait(false);
        if (known?.Prompt is { IsPrompt: false })
        {
            throw new MlflowException($"MLflow at {client.Server.Address} has a model named \"{name}\": a prompt needs another name.", HttpStatusCode.Conflict);
        }

        if (known is not null)
        {
            return;
        }

        try
        {
            await client.Server.SendAsync(
                HttpMethod.Post, $"{Models}/create", new CreatePrompt(name, [new RegistryTag(PromptTags.IsPrompt, "true")]), MlflowJsonContext.Default.CreatePrompt, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.ErrorCode is MlflowConnection.AlreadyExists)
        {
            // Someone else was faster.
        }
    }

    private static List<RegistryTag> TagsOf(MlflowNewPromptVersion version)
    {
        if (string.IsNullOrEmpty(version.Template) == version.Messages is not { Count: > 0 })
        {
            throw new ArgumentException("A prompt is either a text (Template) or a chat (Messages).", nameof(version));
        }

        var template = version.Template is { Length: > 0 } text ? text : JsonSerializer.Serialize(version.Messages!, MlflowJsonContext.Default.IReadOnlyListMlflowPromptMessage);
        if (template.Length > MaxTemplateLength)
        {
            throw new ArgumentException($"The prompt has {template.Length:N0} characters; MLflow keeps {MaxTemplateLength:N0} at most.", nameof(version));
        }

        if (version.Tags?.Keys.FirstOrDefault(PromptTags.IsReserved) is { } reserved)
        {
            throw new ArgumentException($"MLflow keeps the tag {reserved} for itself.", nameof(version));
        }

        List<RegistryTag> tags =
        [
            new(PromptTags.IsPrompt, "true"),
            new(MlflowAttributes.Prompt.Text, template),
            new(MlflowAttributes.Prompt.Type, version.Messages is null ? "text" : "chat"),
        ];
        if (version.ResponseFormat is { } format)
        {
            tags.Add(new(MlflowAttributes.Prompt.ResponseFormat, format.ToJsonString()));
        }

        if (version.ModelConfig is { } config)
        {
            tags.Add(new(MlflowAttributes.Prompt.ModelConfig, config.ToJsonString()));
        }

        tags.AddRange((version.Tags ?? new Dictionary<string, string>()).Select(tag => new RegistryTag(tag.Key, tag.Value)));
        return tags;
    }

    private static Task SendAliasAsync(MlflowClient client, HttpMethod method, string name, string alias, string? version, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        CheckAlias(name, alias);
        return client.Server.SendAsync(method, $"{Models}/alias", new PromptAlias(name, alias, version), MlflowJsonContext.Default.PromptAlias, cancellationToken);
    }

    private static void CheckAlias(string name, string alias)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(alias);
    }

    /// <summary>The name, and what stands behind the last slash or at sign.</summary>
    private static (string Name, string Reference) Split(string path)
    {
        var at = path.AsSpan().LastIndexOfAny('/', '@');
        return at > 0 && at < path.Length - 1
            ? (path[..at], path[(at + 1)..])
            : throw new ArgumentException($"\"{Scheme}{path}\" names no version: write {Scheme}name/3, or {Scheme}name@alias.", nameof(path));
    }

    private static string SearchPath(string root, string filter, string? page) =>
        string.Create(CultureInfo.InvariantCulture, $"{root}/search?max_results={PageSize}&filter={Uri.EscapeDataString(filter)}{(string.IsNullOrEmpty(page) ? "" : $"&page_token={Uri.EscapeDataString(page)}")}");
}
