namespace LlamaStack.Mlflow;

internal enum ExportResult
{
    /// <summary>The server has it.</summary>
    Delivered,

    /// <summary>The server is away or busy: again later, for as long as the option says.</summary>
    TryAgain,

    /// <summary>It may be the moment, it may be what was sent: a few times more.</summary>
    TryAgainBriefly,

    /// <summary>Something in the batch cannot be stored, and the answer does not say what: the batch is split to find it.</summary>
    Poisoned,

    /// <summary>A proxy takes no request of that size: the batch is split, and what is too big alone is refused.</summary>
    TooBig,

    /// <summary>The experiment does not exist any more.</summary>
    ExperimentGone,

    /// <summary>Trying again will not help before someone changes a setting.</summary>
    Refused,
}
