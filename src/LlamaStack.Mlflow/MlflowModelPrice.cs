namespace LlamaStack.Mlflow;

/// <summary>What a model's tokens cost, in US dollars a million, as the price lists of providers have it.</summary>
public sealed class MlflowModelPrice
{
    /// <summary>Gets or sets the model as MLflow shows it: the name in the answer, else the one that was asked for. A <c>*</c> at the end stands for any rest.</summary>
    /// <value>Required.</value>
    public string Model { get; set; } = "";

    /// <summary>Gets or sets the price of a million input tokens.</summary>
    /// <value>Defaults to 0.</value>
    public double InputPerMillion { get; set; }

    /// <summary>Gets or sets the price of a million output tokens, those of reasoning too.</summary>
    /// <value>Defaults to 0.</value>
    public double OutputPerMillion { get; set; }

    /// <summary>Gets or sets the price of a million input tokens that the provider had in its cache.</summary>
    /// <value>Not set: as <see cref="InputPerMillion"/>.</value>
    public double? CacheReadPerMillion { get; set; }

    /// <summary>Gets or sets the price of a million input tokens that the provider writes into its cache.</summary>
    /// <value>Not set: as <see cref="InputPerMillion"/>.</value>
    public double? CacheWritePerMillion { get; set; }
}
