using System.ComponentModel;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>What the models of the tests may call.</summary>
internal sealed class WeatherPlugin
{
    public const string Name = "weather";

    [KernelFunction("get_weather"), Description("Tells the weather in a city.")]
    public static string GetWeather(string city) => $"{city}: 17 C";

    [KernelFunction("get_wind"), Description("Tells the wind in a city.")]
    public static Wind GetWind(string city, int day = 0) => new(city.Length, day % 2 == 0 ? "west" : "east");

    [KernelFunction("get_storm"), Description("Tells the storms in a city.")]
    public static string GetStorm(string city) => throw new InvalidOperationException($"No storm is known in {city}.");

    internal sealed record Wind(int Speed, string From);
}
