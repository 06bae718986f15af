using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>A JSON object of the server's API.</summary>
/// <remarks>Optional members are nullable and are left out of the JSON when they are <see langword="null"/>; an explicit <c>null</c> of a member that has a
/// property is thus read, and not written again. Nothing else is lost between reading and writing.</remarks>
public abstract record WireObject
{
    private protected WireObject()
    {
    }

    /// <summary>Gets or sets the members that have no property here: those of an answer are kept, those of a request are sent.</summary>
    /// <value>For instance <c>new Dictionary&lt;string, JsonElement&gt; { ["top_k"] = JsonElement.Parse("40") }</c>; the server forwards what it does not
    /// know itself to the model's provider.</value>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? ExtensionData { get; set; }
}
