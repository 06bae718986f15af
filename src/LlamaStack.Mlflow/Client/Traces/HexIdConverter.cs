using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>An id of OpenTelemetry: base64 in MLflow's JSON, hexadecimal digits everywhere else. An empty one is none.</summary>
internal sealed class HexIdConverter : JsonConverter<string?>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TryGetBytesFromBase64(out var bytes) ? bytes.Length == 0 ? null : Convert.ToHexStringLower(bytes) : reader.GetString();

    public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options) =>
        writer.WriteBase64StringValue(Convert.FromHexString(value!));
}
